"""STL-10 as folders of image files (tools/unpack_dataset.py writes them); pre-training takes the unlabelled ones.

Pre-trainings watch themselves: k-NN on the labels (which training never sees), and of test images the effective rank of
the features, the loss under fixed masks, and pictures.
"""

data = dict(
    train=dict(data_root="data/stl10/train"),
    test=dict(data_root="data/stl10/test"),
    unlabelled=dict(data_root="data/stl10/unlabeled"),
    classes=10,
    size=96,
    mean=[113.9, 112.2, 103.7],
    std=[66.2, 65.2, 69.0],
    crop=(0.2, 1.0),
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
