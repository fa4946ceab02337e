"""ImageNet-1K with labels, as class folders, and the two training pipelines of the papers: fine-tuning and linear.

8 processes x 128 images = 1024; raise optim_wrapper.accumulative_counts where fewer fit.
"""

_base_ = "./labelled.py"
_size = 224
_num_classes = 1000
_statistics = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
_evaluate = [dict(type="LoadImage"), dict(type="CenterResizedCrop", scale=_size), _base_._pack]
_linear = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", scale=_size, crop_ratio_range=(0.08, 1.0)),
    dict(type="mmpretrain.RandomFlip", prob=0.5),
    _base_._pack,
]
_finetune = [
    *_linear[:-1],
    dict(type="RandAugment", policy="rand-m9-mstd0.5-inc1", fill_color=_statistics["mean"]),
    dict(
        type="mmpretrain.RandomErasing",
        erase_prob=0.25,
        mode="rand",
        min_area_ratio=0.02,
        max_area_ratio=1 / 3,
        fill_color=_statistics["mean"],
        fill_std=_statistics["std"],
    ),
    _base_._pack,
]
train_dataloader = dict(
    batch_size=128, num_workers=12, pin_memory=True, dataset=dict(dataset=dict(data_root="data/imagenet/train"))
)
val_dataloader = dict(
    batch_size=128, num_workers=8, pin_memory=True, dataset=dict(data_root="data/imagenet/val", pipeline=_evaluate)
)
test_dataloader = val_dataloader
