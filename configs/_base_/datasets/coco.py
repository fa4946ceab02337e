"""COCO 2017 with large-scale jitter (scale 0.1 to 2.0, square crop), tested at the same size.

Images are padded to the square after normalisation, by the model (`data_preprocessor.pad_size_divisor`).
"""

_base_ = ["./instances.py", "../images/coco.py"]
_square = (_base_._size, _base_._size)
_names_of = "mmdet.CocoDataset"
_jitter = [
    *_base_._load,
    dict(type="RandomResize", scale=_square, ratio_range=(0.1, 2.0), keep_ratio=True),
    dict(
        type="RandomCrop",
        crop_type="absolute",
        crop_size=_square,
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    _base_._drop_small,
    _base_._flip,
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(data_root=_base_._root, names_of=_names_of, pipeline=[*_jitter, _base_._pack], **_base_._train)
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=_base_._root,
        names_of=_names_of,
        pipeline=[
            _base_._load[0],
            dict(type="Resize", scale=_square, keep_ratio=True),
            _base_._load[1],
            _base_._pack_test,
        ],
        **_base_._val,
    )
)
val_evaluator = dict(ann_file=f"{_base_._root}/{_base_._val['ann_file']}")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
