"""CIFAR-100: where the images are (tools/unpack_dataset.py writes them), their size and statistics."""

_train = "data/cifar100/train"
_test = "data/cifar100/test"
_size = 32
_num_classes = 100
_statistics = dict(mean=[129.3, 124.1, 112.4], std=[68.2, 65.4, 70.4])
