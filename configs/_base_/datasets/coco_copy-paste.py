"""COCO 2017 with large-scale jitter and simple copy-paste (Ghiasi et al., 2021), tested at a short side of 1024.

Padding, for which the two images of a paste need one size, has the mean's colour.
"""

_base_ = "./coco.py"
_pad = dict(type="Pad", size=_base_._square, pad_val=dict(img=tuple(_base_._statistics["mean"])))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            _delete_=True,
            type="MultiImageMixDataset",
            dataset=dict(
                type="mimseg.CocoInstances",
                data_root=_base_._root,
                names_of=_base_._names_of,
                filter_cfg=dict(filter_empty_gt=True, min_size=32),
                pipeline=[*_base_._jitter, _pad],
                **_base_._train,
            ),
            pipeline=[dict(type="CopyPaste", max_num_pasted=100), _base_._pack],
        )
    )
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            _base_._load[0],
            dict(type="Resize", scale=(1666, _base_._size), keep_ratio=True),
            _base_._load[1],
            _base_._pack_test,
        ]
    )
)
test_dataloader = val_dataloader
