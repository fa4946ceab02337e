"""The embedded scenes with label maps; the background is a class, too."""

_base_ = ["./label_maps.py", "../images/scenes_objects.py"]
_ade = dict(
    data_root=f"{_base_._root}/ade",
    img_suffix=".jpg",
    seg_map_suffix=".png",
    metainfo=dict(classes=("background", *_base_._classes), palette=[(60, 60, 60), *_base_._palette]),
)
_read = [dict(type="mimseg.LoadImage"), _base_._maps]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(dataset=dict(pipeline=[*_read, _base_._flip, _base_._pack], **_ade)),
)
val_dataloader = dict(batch_size=10, num_workers=2, dataset=dict(pipeline=[*_read, _base_._pack], **_ade))
test_dataloader = val_dataloader
