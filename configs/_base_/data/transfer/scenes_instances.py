"""The embedded scenes with boxes and masks.

python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade
"""

_root = "data/scenes_objects/coco"
_classes = ("arrow", "crescent", "cross", "disc", "heart", "hexagon", "ring", "square", "star", "triangle")
_palette = [
    (230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48),
    (145, 30, 180), (70, 240, 240), (240, 50, 230), (210, 245, 60), (0, 128, 128),
]  # fmt: skip
_size = 64
_num_classes = 10
_statistics = dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0])
_load = [dict(type="mimseg.LoadImage"), dict(type="LoadAnnotations", with_bbox=True, with_mask=True)]
_drop_small = dict(type="FilterAnnotations", min_gt_bbox_wh=(1e-2, 1e-2))
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackDetInputs")
_pack_test = dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"))
_metainfo = dict(classes=_classes, palette=_palette)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="mimseg.SeededSampler", shuffle=True),
    dataset=dict(
        type="mimseg.SeededDataset",
        dataset=dict(
            type="mimseg.CocoInstances",
            data_root=_root,
            ann_file="annotations/instances_train.json",
            data_prefix=dict(img="train/"),
            metainfo=_metainfo,
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=[*_load, _flip, _pack],
        ),
    ),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="mimseg.CocoInstances",
        test_mode=True,
        data_root=_root,
        ann_file="annotations/instances_val.json",
        data_prefix=dict(img="val/"),
        metainfo=_metainfo,
        pipeline=[
            _load[0],
            dict(type="Resize", scale=(_size, _size), keep_ratio=True),  # mmdet asks for the factor
            _load[1],
            _pack_test,
        ],
    ),
)
val_evaluator = dict(type="mimseg.CocoAP", metric=["bbox", "segm"], ann_file=f"{_root}/annotations/instances_val.json")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
