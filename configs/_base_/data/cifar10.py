"""CIFAR-10 as folders of image files (tools/unpack_dataset.py writes them).

Pre-trainings watch themselves: k-NN on the labels (which training never sees), and of test images the effective rank of
the features, the loss under fixed masks, and pictures.
"""

data = dict(
    train=dict(data_root="data/cifar10/train"),
    test=dict(data_root="data/cifar10/test"),
    classes=10,
    size=32,
    mean=[125.3, 123.0, 113.9],
    std=[63.0, 62.1, 66.7],
    crop=(0.2, 1.0),
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
