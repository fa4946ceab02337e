"""The embedded scenes (python tools/make_scenes.py data/scenes).

Pre-trainings watch themselves: k-NN on the labels (which training never sees), and of test images the effective rank of
the features, the loss under fixed masks, and pictures.
"""

data = dict(
    train=dict(data_root="data/scenes/imagefolder/train"),
    test=dict(data_root="data/scenes/imagefolder/val"),
    classes=10,
    size=64,
    mean=[128.0, 128.0, 128.0],
    std=[60.0, 60.0, 60.0],
    crop=(0.2, 1.0),
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
