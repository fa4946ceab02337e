"""ImageNet-1K for pre-training and k-NN: random crop of area (0.2, 1), bicubic, and flip, as MAE and HPM have it.

Labels and class names are not read in training, so a subset of the classes does as well.

8 GPUs x 512 images = 4096, the papers' batch; with fewer GPUs raise optim_wrapper.accumulative_counts.
"""

data = dict(
    train=dict(data_root="data/imagenet/train"),
    test=dict(data_root="data/imagenet/val"),
    classes=1000,
    size=224,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    crop=(0.2, 1.0),
    center_crop=0.875,  # resize 256, crop 224
    workers=12,
)
train_dataloader = dict(batch_size=512, pin_memory=True)
