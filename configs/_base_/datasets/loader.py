"""What the pre-training loaders share: seeded samples, whole batches, stacked by the workers.

The names with an underscore are for the datasets that inherit it: reading images as they are, and loading labelled
ones for evaluation.
"""

_pack = dict(type="mmpretrain.PackInputs", meta_keys=("img_path",))
_as_it_is = [dict(type="LoadImage"), _pack]
_labelled = dict(batch_size=250, num_workers=2, collate_fn=dict(type="default_collate"))
train_dataloader = dict(
    batch_size=256,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="SeededSampler", shuffle=True),
    dataset=dict(type="SeededDataset"),
)
