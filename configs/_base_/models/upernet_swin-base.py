"""UperNet on the four stages of a Swin-B, a norm behind each; tested on whole images, as mmseg's Swin configs are."""

_base_ = "./upernet.py"
model = dict(
    backbone=dict(
        type="mimseg.HierarchicalBackbone",
        encoder=dict(type="DenseSwin", arch="base", window_size=7, drop_path=0.1),
        norms=True,
        init_cfg=dict(type="MIMPretrained", checkpoint=None),
    ),
    decode_head=dict(in_channels=[128, 256, 512, 1024], channels=512),
    auxiliary_head=dict(in_channels=512),
    test_cfg=dict(mode="whole"),
)
