"""STL-10 as folders of image files: its 100,000 unlabelled images, for pre-training.

The runs that use it watch themselves: k-NN on the labels (which training never sees), and of test images
the effective rank of the features, the loss under fixed masks, and pictures.
"""

_base_ = ["./loader.py", "../images/stl10.py"]
_test_images = dict(type="UnlabelledFolder", data_root=_base_._test, pipeline=_base_._as_it_is)
_watch_hooks = [
    dict(
        type="KNNHook",
        train=dict(
            dataset=dict(type="LabelledFolder", data_root=_base_._train, pipeline=_base_._as_it_is),
            **_base_._labelled,
        ),
        test=dict(
            dataset=dict(type="LabelledFolder", data_root=_base_._test, pipeline=_base_._as_it_is),
            **_base_._labelled,
        ),
    ),
    dict(type="RankMeHook", dataloader=dict(dataset=_test_images, **_base_._labelled)),
    dict(type="MaskedLossHook", dataloader=dict(dataset=_test_images, **_base_._labelled)),
    dict(type="PictureHook", dataset=_test_images),
]
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            type="UnlabelledFolder",
            data_root=_base_._unlabelled,
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=_base_._size, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
