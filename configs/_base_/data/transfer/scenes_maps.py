"""The embedded scenes with label maps; the background is a class, too.

python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade
"""

_root = "data/scenes_objects/ade"
_classes = (
    "background",
    "arrow",
    "crescent",
    "cross",
    "disc",
    "heart",
    "hexagon",
    "ring",
    "square",
    "star",
    "triangle",
)
_palette = [
    (60, 60, 60),
    (230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 130, 200), (245, 130, 48),
    (145, 30, 180), (70, 240, 240), (240, 50, 230), (210, 245, 60), (0, 128, 128),
]  # fmt: skip
_size = 64
_num_classes = 11
_statistics = dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0])
_maps = dict(type="mimseg.LoadLabelMap")
_flip = dict(type="RandomFlip", prob=0.5)
_pack = dict(type="PackSegInputs")
_training = dict(img_path="images/training", seg_map_path="annotations/training")
_validation = dict(img_path="images/validation", seg_map_path="annotations/validation")
_ade = dict(
    type="mimseg.LabelMaps",
    data_root=_root,
    img_suffix=".jpg",
    seg_map_suffix=".png",
    metainfo=dict(classes=_classes, palette=_palette),
)
_read = [dict(type="mimseg.LoadImage"), _maps]
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="mimseg.SeededInfiniteSampler"),
    dataset=dict(
        type="mimseg.SeededDataset", dataset=dict(data_prefix=_training, pipeline=[*_read, _flip, _pack], **_ade)
    ),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(data_prefix=_validation, pipeline=[*_read, _pack], **_ade),
)
val_evaluator = dict(type="mimseg.ClassIoU", iou_metrics=["mIoU"])
test_dataloader = val_dataloader
test_evaluator = val_evaluator
