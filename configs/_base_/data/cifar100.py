"""CIFAR-100 as folders of image files (tools/unpack_dataset.py writes them).

Pre-trainings watch themselves: k-NN on the labels (which training never sees), and of test images the effective rank of
the features, the loss under fixed masks, and pictures.
"""

data = dict(
    train=dict(data_root="data/cifar100/train"),
    test=dict(data_root="data/cifar100/test"),
    classes=100,
    size=32,
    mean=[129.3, 124.1, 112.4],
    std=[68.2, 65.4, 70.4],
    crop=(0.2, 1.0),
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
