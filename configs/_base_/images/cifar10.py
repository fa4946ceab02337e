"""CIFAR-10: where the images are (tools/unpack_dataset.py writes them), their size and statistics."""

_train = "data/cifar10/train"
_test = "data/cifar10/test"
_size = 32
_num_classes = 10
_statistics = dict(mean=[125.3, 123.0, 113.9], std=[63.0, 62.1, 66.7])
