"""What training and testing a classifier on class folders share: <data_root>/<class>/<image>."""

_pack = dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))
_as_it_is = [dict(type="LoadImage"), _pack]
train_dataloader = dict(
    batch_size=256,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="SeededSampler", shuffle=True),
    dataset=dict(type="SeededDataset", dataset=dict(type="LabelledFolder")),
)
val_dataloader = dict(
    batch_size=250,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="LabelledFolder"),
)
val_cfg = dict()
val_evaluator = dict(type="mmpretrain.Accuracy", topk=(1, 5))
test_dataloader = val_dataloader
test_cfg = dict()
test_evaluator = val_evaluator
