"""UperNet on four taps of a ViT-B with class token, relative positions in every block and layer scale (MAE, BEiT)."""

_base_ = "./upernet.py"
model = dict(
    backbone=dict(
        type="mimseg.ViTBackbone",
        encoder=dict(
            type="DenseViT",
            arch="base",
            patch_size=16,
            positions="learned",
            layer_scale=1.0,
            drop_path=0.1,
        ),
        window=None,
        relative="table",
        relative_sharing="block",
        class_token=True,
        final_norm=False,
        taps=(3, 5, 7, 11),
        init_cfg=dict(type="MIMPretrained", checkpoint=None),
    ),
    neck=dict(type="mimseg.FourTapPyramid", in_channels=768, norm_cfg=dict(type="SyncBN")),
    decode_head=dict(in_channels=[768] * 4, channels=768),
    auxiliary_head=dict(in_channels=768),
)
