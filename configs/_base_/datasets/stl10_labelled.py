"""STL-10 with labels, at 96x96: data/stl10/train/<class>/ and data/stl10/test/<class>/; pipelines for fine-tuning and for a linear probe."""

_base_ = "./labelled.py"
_size = 96
_num_classes = 10
_statistics = dict(mean=[113.9, 112.2, 103.7], std=[66.2, 65.2, 69.0])
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
train_dataloader = dict(dataset=dict(dataset=dict(data_root="data/stl10/train")))
val_dataloader = dict(
    dataset=dict(data_root="data/stl10/test", pipeline=[dict(type="LoadImage"), _base_._pack]),
)
test_dataloader = val_dataloader
