"""ViTDet Mask R-CNN (Li et al., 2022): ViT-B with windows of 14 and four global blocks, pyramid from the last map.

The absolute positions are those of pre-training at 224 px, interpolated in every step; `backbone.image_size` is the
side that the relative positions of the global blocks are for.

The recipe is ViTDet's: AdamW with layer-wise decay, the rate divided by ten after 8/9 and 26/27 of the run.

The steps are those of 100 epochs at batch 64 (163,889 and 177,546 of 184,375 iterations, 250 of warm-up). As in
detectron2, biases and relative positions decay; norms of tokens and absolute positions do not.
"""

_base_ = "./mask-rcnn.py"
_norm = dict(type="mimseg.LN2d", eps=1e-6)
model = dict(
    backbone=dict(
        type="mimseg.ViTBackbone",
        encoder=dict(type="SparseViT", arch="base", patch_size=16, positions="learned", image_size=224, drop_path=0.1),
        window=14,
        global_blocks=(2, 5, 8, 11),
        relative="decomposed",
        relative_sharing="block",
        class_token=False,
        final_norm=False,
        init_cfg=dict(type="MIMPretrained", checkpoint=None),
    ),
    neck=dict(type="mimseg.SimplePyramid", in_channels=768, out_channels=256, num_outs=5),
    roi_head=dict(bbox_head=dict(norm_cfg=_norm), mask_head=dict(norm_cfg=_norm)),
)
optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.7, exempt_by="norms", no_decay=("positions",)),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.1, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=0.1356, warmup_lr=1e-7, steps=[88.889, 96.296], gamma=0.1, val_interval=10)
