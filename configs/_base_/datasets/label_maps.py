"""What training and testing on ADE20K's layout share: loaders and metrics."""

_maps = dict(type="mimseg.LoadLabelMap")
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackSegInputs")
_training = dict(img_path="images/training", seg_map_path="annotations/training")
_validation = dict(img_path="images/validation", seg_map_path="annotations/validation")
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="mimseg.SeededInfiniteSampler"),
    dataset=dict(type="mimseg.SeededDataset", dataset=dict(type="mimseg.LabelMaps", data_prefix=_training)),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="mimseg.LabelMaps", data_prefix=_validation),
)
val_evaluator = dict(type="mimseg.ClassIoU", iou_metrics=["mIoU"])
test_dataloader = val_dataloader
test_evaluator = val_evaluator
