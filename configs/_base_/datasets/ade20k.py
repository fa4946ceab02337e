"""ADE20K: 150 classes; the dataset ignores "other" (0); scale 0.5 to 2.0, crop, photometric distortion.

`tools/test.py --tta` tests at the scales of `_tta_scales`, with flips; images smaller than the crop are padded to it.
"""

_base_ = ["./label_maps.py", "../images/ade20k.py"]
_crop = (_base_._size, _base_._size)
_scale = (_base_._longest, _base_._size)
_ade = dict(names_of="mmseg.ADE20KDataset", reduce_zero_label=True, data_root=_base_._root)
_tta_scales = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="mimseg.LoadImage"),
                _base_._maps,
                dict(type="RandomResize", scale=_scale, ratio_range=(0.5, 2.0), keep_ratio=True),
                dict(type="RandomCrop", crop_size=_crop, cat_max_ratio=0.75),
                _base_._flip,
                dict(type="PhotoMetricDistortion"),
                _base_._pack,
            ],
            **_ade,
        )
    )
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type="mimseg.LoadImage"),
            dict(type="Resize", scale=_scale, keep_ratio=True),
            _base_._maps,
            _base_._pack,
        ],
        **_ade,
    )
)
test_dataloader = val_dataloader
tta_model = dict(type="SegTTAModel")
_flips = [dict(type="RandomFlip", prob=prob, direction="horizontal") for prob in (0.0, 1.0)]
tta_pipeline = [
    dict(type="mimseg.LoadImage"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="Resize", scale=(int(_scale[0] * s), int(_scale[1] * s)), keep_ratio=True) for s in _tta_scales],
            _flips,
            [_base_._maps],
            [_base_._pack],
        ],
    ),
]
