"""The embedded scenes with labels, at 64x64: data/scenes/imagefolder/train/<class>/ and data/scenes/imagefolder/val/<class>/; pipelines for fine-tuning and for a linear probe."""

_base_ = "./labelled.py"
_size = 64
_num_classes = 10
_statistics = dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0])
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
train_dataloader = dict(dataset=dict(dataset=dict(data_root="data/scenes/imagefolder/train")))
val_dataloader = dict(
    dataset=dict(data_root="data/scenes/imagefolder/val", pipeline=[dict(type="LoadImage"), _base_._pack]),
)
test_dataloader = val_dataloader
