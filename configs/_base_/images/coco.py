"""COCO 2017: where the images are, the side they are trained at, number of classes, ImageNet's statistics."""

_root = "data/coco"
_train = dict(ann_file="annotations/instances_train2017.json", data_prefix=dict(img="train2017/"))
_val = dict(ann_file="annotations/instances_val2017.json", data_prefix=dict(img="val2017/"))
_size = 1024
_num_classes = 80
_statistics = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
