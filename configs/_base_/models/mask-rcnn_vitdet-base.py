"""ViTDet Mask R-CNN (Li et al., 2022): ViT-B with windows of 14 and four global blocks, pyramid from the last map.

The absolute positions are those of pre-training at 224 px, interpolated in every step; `backbone.image_size` is the
side that the relative positions of the global blocks are for.
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
