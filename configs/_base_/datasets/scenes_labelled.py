"""The embedded scenes with labels, and the training pipelines of fine-tuning and of a linear probe."""

_base_ = ["./labelled.py", "../images/scenes.py"]
_linear = [
    dict(type="LoadImage"),
    dict(type="RandomResizedCrop", scale=_base_._size, crop_ratio_range=(0.2, 1.0)),
    dict(type="mmpretrain.RandomFlip", prob=0.5),
    _base_._pack,
]
_finetune = [
    *_linear[:-1],
    dict(type="RandAugment", policy="rand-m9-mstd0.5-inc1", fill_color=_base_._statistics["mean"]),
    _base_._pack,
]
train_dataloader = dict(dataset=dict(dataset=dict(data_root=_base_._train)))
val_dataloader = dict(dataset=dict(data_root=_base_._test, pipeline=_base_._as_it_is))
test_dataloader = val_dataloader
