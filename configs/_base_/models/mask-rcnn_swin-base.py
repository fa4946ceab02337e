"""Mask R-CNN with an FPN over the four stages of a Swin-B, a norm behind each (SimMIM, FastMIM).

The recipe is SimMIM's and FastMIM's: AdamW, 36 epochs, steps at 27 and 33, 1500 iterations of warm-up.
As in FastMIM's release, what has "norm" in its name and tables do not decay, but biases and the heads' BatchNorms do.
"""

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
optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.WeightDecayByShape",
    paramwise_cfg=dict(exempt_by="names", no_decay=("relative_position_bias_table", "norm")),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=6e-5, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=36, warmup_epochs=0.4093, warmup_lr=6e-8, steps=[27, 33], gamma=0.1, val_interval=9)
