"""COCO 2017 with large-scale jitter and simple copy-paste (Ghiasi et al., 2021), tested at a short side of 1024.

Padding, for which the two images of a paste need one size, has the mean's colour.
"""

_root = "data/coco"
_train = dict(ann_file="annotations/instances_train2017.json", data_prefix=dict(img="train2017/"))
_val = dict(ann_file="annotations/instances_val2017.json", data_prefix=dict(img="val2017/"))
_size = 1024
_num_classes = 80
_statistics = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
_load = [dict(type="mimseg.LoadImage"), dict(type="LoadAnnotations", with_bbox=True, with_mask=True)]
_drop_small = dict(type="FilterAnnotations", min_gt_bbox_wh=(1e-2, 1e-2))
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackDetInputs")
_pack_test = dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"))
_square = (_size, _size)
_names_of = "mmdet.CocoDataset"
_jitter = [
    *_load,
    dict(type="RandomResize", scale=_square, ratio_range=(0.1, 2.0), keep_ratio=True),
    dict(
        type="RandomCrop",
        crop_type="absolute",
        crop_size=_square,
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    _drop_small,
    _flip,
]
_pad = dict(type="Pad", size=_square, pad_val=dict(img=tuple(_statistics["mean"])))
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="mimseg.SeededSampler", shuffle=True),
    dataset=dict(
        type="mimseg.SeededDataset",
        dataset=dict(
            type="MultiImageMixDataset",
            dataset=dict(
                type="mimseg.CocoInstances",
                data_root=_root,
                names_of=_names_of,
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=[*_jitter, _pad],
                **_train,
            ),
            pipeline=[dict(type="CopyPaste", max_num_pasted=100), _pack],
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="mimseg.CocoInstances",
        test_mode=True,
        data_root=_root,
        names_of=_names_of,
        pipeline=[_load[0], dict(type="Resize", scale=(1666, _size), keep_ratio=True), _load[1], _pack_test],
        **_val,
    ),
)
val_evaluator = dict(type="mimseg.CocoAP", metric=["bbox", "segm"], ann_file=f"{_root}/{_val['ann_file']}")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
