"""Mask R-CNN with an FPN over four taps of a ViT-B, as MAE's authors benchmark it (Li et al., 2021).

Absolute positions are resized to the images' size once, when weights are loaded, and learn from there. The public
reproduction (hustvl/MIMDet) lets them learn, too, but replaces the table by one computed for 64 x 64 patches, its axes
swapped against MAE's.

The recipe is theirs, as MIMDet reproduces it: AdamW, a cosine, no layer-wise decay. As in MIMDet, biases
decay; norms, absolute and relative positions do not.
"""

_base_ = "./mask-rcnn.py"
_norm = dict(type="SyncBN")
model = dict(
    backbone=dict(
        type="mimseg.ViTBackbone",
        encoder=dict(type="SparseViT", arch="base", patch_size=16, positions="learned", image_size=224, drop_path=0.1),
        window=16,
        global_blocks=(2, 5, 8, 11),
        relative="table",
        relative_sharing="model",
        class_token=False,
        final_norm=False,
        taps=(2, 5, 8, 11),
        init_cfg=dict(type="MIMPretrained", checkpoint=None),
    ),
    neck=[
        dict(type="mimseg.FourTapPyramid", in_channels=768, norm_cfg=dict(type="GN", num_groups=32)),
        dict(type="FPN", in_channels=[768] * 4, out_channels=256, num_outs=5, norm_cfg=_norm),
    ],
    roi_head=dict(bbox_head=dict(norm_cfg=_norm), mask_head=dict(norm_cfg=_norm)),
)
optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.WeightDecayByShape",
    paramwise_cfg=dict(exempt_by="norms", no_decay=("positions", "relative")),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=8e-5, betas=(0.9, 0.999), weight_decay=0.1, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=0.25, warmup_lr=8e-8, val_interval=10)
