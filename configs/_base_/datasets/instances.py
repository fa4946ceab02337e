"""What training and testing on COCO files share: loaders, metrics, and the steps of pipelines without sizes."""

_load = [dict(type="mimseg.LoadImage"), dict(type="LoadAnnotations", with_bbox=True, with_mask=True)]
_drop_small = dict(type="FilterAnnotations", min_gt_bbox_wh=(1e-2, 1e-2))
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackDetInputs")
_pack_test = dict(type="PackDetInputs", meta_keys=("img_id", "img_path", "ori_shape", "img_shape", "scale_factor"))
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="mimseg.SeededSampler", shuffle=True),
    dataset=dict(
        type="mimseg.SeededDataset",
        dataset=dict(type="mimseg.CocoInstances", filter_cfg=dict(filter_empty_gt=True, min_size=32)),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="mimseg.CocoInstances", test_mode=True),
)
val_evaluator = dict(type="mimseg.CocoAP", metric=["bbox", "segm"])
test_dataloader = val_dataloader
test_evaluator = val_evaluator
