"""ADE20K: 150 classes; the dataset ignores "other" (0); scale 0.5 to 2.0, crop, photometric distortion.

`tools/test.py --tta` tests at the scales of `_tta_scales`, with flips; images smaller than the crop are padded to it.
"""

_root = "data/ade/ADEChallengeData2016"
_size = 512
_longest = 2048
_num_classes = 150
_statistics = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
_maps = dict(type="mimseg.LoadLabelMap")
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackSegInputs")
_training = dict(img_path="images/training", seg_map_path="annotations/training")
_validation = dict(img_path="images/validation", seg_map_path="annotations/validation")
_crop = (_size, _size)
_scale = (_longest, _size)
_ade = dict(names_of="mmseg.ADE20KDataset", reduce_zero_label=True, data_root=_root)
_tta_scales = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="mimseg.SeededInfiniteSampler"),
    dataset=dict(
        type="mimseg.SeededDataset",
        dataset=dict(
            type="mimseg.LabelMaps",
            data_prefix=_training,
            pipeline=[
                dict(type="mimseg.LoadImage"),
                _maps,
                dict(type="RandomResize", scale=_scale, ratio_range=(0.5, 2.0), keep_ratio=True),
                dict(type="RandomCrop", crop_size=_crop, cat_max_ratio=0.75),
                _flip,
                dict(type="PhotoMetricDistortion"),
                _pack,
            ],
            **_ade,
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="mimseg.LabelMaps",
        data_prefix=_validation,
        pipeline=[
            dict(type="mimseg.LoadImage"),
            dict(type="Resize", scale=_scale, keep_ratio=True),
            _maps,
            _pack,
        ],
        **_ade,
    ),
)
val_evaluator = dict(type="mimseg.ClassIoU", iou_metrics=["mIoU"])
test_dataloader = val_dataloader
test_evaluator = val_evaluator
tta_model = dict(type="SegTTAModel")
_flips = [dict(type="RandomFlip", prob=prob, direction="horizontal") for prob in (0.0, 1.0)]
tta_pipeline = [
    dict(type="mimseg.LoadImage"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="Resize", scale=(int(_scale[0] * s), int(_scale[1] * s)), keep_ratio=True) for s in _tta_scales],
            _flips,
            [_maps],
            [_pack],
        ],
    ),
]
