"""CIFAR-100 with labels, at 32x32: data/cifar100/train/<class>/ and data/cifar100/test/<class>/; pipelines for fine-tuning and for a linear probe."""

_base_ = "./labelled.py"
_size = 32
_num_classes = 100
_statistics = dict(mean=[129.3, 124.1, 112.4], std=[68.2, 65.4, 70.4])
_linear = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", scale=_size, crop_ratio_range=(0.2, 1.0)),
    dict(type="mmpretrain.RandomFlip", prob=0.5),
    _base_._pack,
]
_finetune = [
    *_linear[:-1],
    dict(type="RandAugment", policy="rand-m9-mstd0.5-inc1", fill_color=_statistics["mean"]),
    _base_._pack,
]
train_dataloader = dict(dataset=dict(dataset=dict(data_root="data/cifar100/train")))
val_dataloader = dict(
    dataset=dict(data_root="data/cifar100/test", pipeline=[dict(type="LoadImage"), _base_._pack]),
)
test_dataloader = val_dataloader
