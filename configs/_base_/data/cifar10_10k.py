"""Every fifth training image of CIFAR-10, 1,000 of each class: for training and as the neighbours of k-NN.

Pre-trainings watch themselves as those on configs/_base_/data/cifar10.py do.
"""

data = dict(
    train=dict(data_root="data/cifar10/train", indices=list(range(0, 50_000, 5))),
    test=dict(data_root="data/cifar10/test"),
    classes=10,
    size=32,
    mean=[125.3, 123.0, 113.9],
    std=[63.0, 62.1, 66.7],
    crop=(0.2, 1.0),
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
train_dataloader = dict(batch_size=64)
