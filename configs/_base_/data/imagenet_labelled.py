"""ImageNet-1K with labels, as class folders, and the augmentations of fine-tuning; a linear probe takes none of them.

8 processes x 128 images = 1024; raise optim_wrapper.accumulative_counts where fewer fit.
"""

data = dict(
    train=dict(data_root="data/imagenet/train"),
    test=dict(data_root="data/imagenet/val"),
    classes=1000,
    size=224,
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    crop=(0.08, 1.0),
    augment=["randaugment", "erasing"],
    center_crop=0.875,  # resize 256, crop 224
    workers=12,
)
train_dataloader = dict(batch_size=128, pin_memory=True)
val_dataloader = dict(batch_size=128, num_workers=8, pin_memory=True)
test_dataloader = val_dataloader
