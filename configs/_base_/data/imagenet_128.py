"""ImageNet-1K at 128 px for pre-training: random crop of area (0.2, 1), bicubic, and flip.

JPEG files are decoded at a lower resolution where their crop allows it. 8 GPUs x 256 images = 2048, FastMIM's batch.
"""

data = dict(
    train=dict(data_root="data/imagenet/train"),
    size=128,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    crop=(0.2, 1.0),
    reduced_decode=True,
    workers=12,
)
train_dataloader = dict(batch_size=256, pin_memory=True)
