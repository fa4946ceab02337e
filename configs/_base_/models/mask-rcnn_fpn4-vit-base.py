"""Mask R-CNN with an FPN over four taps of a ViT-B, as MAE's authors benchmark it (Li et al., 2021).

Absolute positions are resized to the images' size once, when weights are loaded, and learn from there. The public
reproduction (hustvl/MIMDet) lets them learn, too, but replaces the table by one computed for 64 x 64 patches, its axes
swapped against MAE's.
"""

_base_ = "./mask-rcnn_vitdet-base.py"
model = dict(
    backbone=dict(window=16, relative="table", relative_sharing="model", taps=(2, 5, 8, 11)),
    neck=[
        dict(type="mimseg.FourTapPyramid", in_channels=768, norm_cfg=dict(type="GN", num_groups=32)),
        dict(type="FPN", in_channels=[768] * 4, out_channels=256, num_outs=5, norm_cfg=dict(type="SyncBN")),
    ],
    roi_head=dict(
        bbox_head=dict(norm_cfg=dict(_delete_=True, type="SyncBN")),
        mask_head=dict(norm_cfg=dict(_delete_=True, type="SyncBN")),
    ),
)
