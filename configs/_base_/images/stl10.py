"""STL-10: where the images are (tools/unpack_dataset.py writes them), their size and statistics."""

_train = "data/stl10/train"
_test = "data/stl10/test"
_unlabelled = "data/stl10/unlabeled"
_size = 96
_num_classes = 10
_statistics = dict(mean=[113.9, 112.2, 103.7], std=[66.2, 65.2, 69.0])
