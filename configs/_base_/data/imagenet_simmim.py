"""ImageNet-1K for pre-training as SimMIM has it: random crop of area (0.67, 1), bilinear, and flip.

8 GPUs x 256 images = 2048, SimMIM's batch.
"""

data = dict(
    train=dict(data_root="data/imagenet/train"),
    size=224,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    crop=(0.67, 1.0),
    interpolation="bilinear",
    workers=12,
)
train_dataloader = dict(batch_size=256, pin_memory=True)
