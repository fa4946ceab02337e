"""Mask R-CNN with an FPN over the four stages of a Swin-B, a norm behind each (SimMIM, FastMIM)."""

_base_ = "./mask-rcnn.py"
_norm = dict(type="SyncBN")
model = dict(
    backbone=dict(
        type="mimseg.HierarchicalBackbone",
        encoder=dict(type="DenseSwin", arch="base", window_size=7, drop_path=0.2),
        norms=True,
        init_cfg=dict(type="MIMPretrained", checkpoint=None),
    ),
    neck=dict(type="FPN", in_channels=[128, 256, 512, 1024], out_channels=256, num_outs=5, norm_cfg=_norm),
    roi_head=dict(bbox_head=dict(norm_cfg=_norm), mask_head=dict(norm_cfg=_norm)),
)
