"""scikit-learn's scanned digits, one channel, enlarged from 8x8 to 32x32. Nothing to download, nothing to draw.

Pre-trainings watch themselves: k-NN on the labels (which training never sees), and of validation images the effective
rank of the features, the loss under fixed masks, and pictures.
"""

data = dict(
    train=dict(type="DigitsDataset", split="train"),
    test=dict(type="DigitsDataset", split="val"),
    classes=10,
    size=32,
    mean=[77.8],
    std=[95.9],
    crop=(0.5, 1.0),
    flip=0.0,
    center_crop=1.0,  # enlarged, nothing is cut off
    watch=["knn", "rankme", "masked_loss", "pictures"],
)
train_dataloader = dict(batch_size=32)
