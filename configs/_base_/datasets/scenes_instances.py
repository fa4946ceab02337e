"""The embedded scenes with boxes and masks."""

_base_ = ["./instances.py", "../images/scenes_objects.py"]
_coco = f"{_base_._root}/coco"
_metainfo = dict(classes=_base_._classes, palette=_base_._palette)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(
        dataset=dict(
            data_root=_coco,
            ann_file="annotations/instances_train.json",
            data_prefix=dict(img="train/"),
            metainfo=_metainfo,
            pipeline=[*_base_._load, _base_._flip, _base_._pack],
        )
    ),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=2,
    dataset=dict(
        data_root=_coco,
        ann_file="annotations/instances_val.json",
        data_prefix=dict(img="val/"),
        metainfo=_metainfo,
        pipeline=[
            _base_._load[0],
            dict(type="Resize", scale=(_base_._size, _base_._size), keep_ratio=True),  # mmdet asks for the factor
            _base_._load[1],
            _base_._pack_test,
        ],
    ),
)
val_evaluator = dict(ann_file=f"{_coco}/annotations/instances_val.json")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
