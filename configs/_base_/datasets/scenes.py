"""The embedded scenes at 64x64: python tools/make_scenes.py data/scenes

The runs that use it watch themselves: k-NN on the labels (which training never sees), and of validation images
the effective rank of the features, the loss under fixed masks, and pictures.
"""

_base_ = "./loader.py"
_statistics = dict(mean=[128.0, 128.0, 128.0], std=[60.0, 60.0, 60.0])
_val_images = dict(type="UnlabelledFolder", data_root="data/scenes/imagefolder/val", pipeline=_base_._as_it_is)
_watch_hooks = [
    dict(
        type="KNNHook",
        train=dict(
            dataset=dict(
                type="mmpretrain.CustomDataset", data_root="data/scenes/imagefolder/train", pipeline=_base_._as_it_is
            ),
            **_base_._labelled,
        ),
        test=dict(
            dataset=dict(
                type="mmpretrain.CustomDataset", data_root="data/scenes/imagefolder/val", pipeline=_base_._as_it_is
            ),
            **_base_._labelled,
        ),
    ),
    dict(type="RankMeHook", dataloader=dict(dataset=_val_images, **_base_._labelled)),
    dict(type="MaskedLossHook", dataloader=dict(dataset=_val_images, **_base_._labelled)),
    dict(type="PictureHook", dataset=_val_images),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            type="UnlabelledFolder",
            data_root="data/scenes/imagefolder/train",
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=64, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
