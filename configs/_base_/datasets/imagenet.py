"""ImageNet-1K for pre-training: random crop of area (0.2, 1), bicubic, and flip, as MAE and HPM have it.

Labels and class names are not read, so a subset of the classes does as well.

8 GPUs x 512 images = 4096, the papers' batch; with fewer GPUs raise optim_wrapper.accumulative_counts.
"""

_base_ = "./loader.py"
train_dataloader = dict(
    batch_size=512,
    num_workers=12,
    pin_memory=True,
    dataset=dict(
        dataset=dict(
            type="UnlabelledFolder",
            data_root="data/imagenet/train",
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=224, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
