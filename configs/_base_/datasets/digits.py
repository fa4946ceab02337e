"""scikit-learn's scanned digits, one channel, enlarged from 8x8 to 32x32. Nothing to download, nothing to draw.

The runs that use it watch themselves: k-NN on the labels (which training never sees), and of validation images
the effective rank of the features, the loss under fixed masks, and pictures.
"""

_base_ = "./loader.py"
_enlarge = [
    dict(type="LoadImage", channels=1),
    dict(type="CenterResizedCrop", scale=32, crop_fraction=1.0),
    _base_._pack,
]
_statistics = dict(mean=[77.8], std=[95.9])
_val = dict(dataset=dict(type="DigitsDataset", split="val", pipeline=_enlarge), **_base_._labelled)
_watch_hooks = [
    dict(
        type="KNNHook",
        train=dict(dataset=dict(type="DigitsDataset", split="train", pipeline=_enlarge), **_base_._labelled),
        test=_val,
    ),
    dict(type="RankMeHook", dataloader=_val),
    dict(type="MaskedLossHook", dataloader=_val),
    dict(type="PictureHook", dataset=_val["dataset"]),
]
train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        dataset=dict(
            type="DigitsDataset",
            split="train",
            pipeline=[
                dict(type="LoadImage", channels=1),
                dict(type="RandomResizedCrop", scale=32, crop_ratio_range=(0.5, 1.0)),
                _base_._pack,
            ],
        ),
    ),
)
