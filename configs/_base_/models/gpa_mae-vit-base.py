"""GPA: MAE whose masks follow the attention of a frozen, pre-trained MAE, and a second task that predicts it.

`_attention` names the block and the head, counted from 0, that score and target read. Runs set
`default_hooks.progress.first=0`: progress is e / E, as in the public code.
"""

_attention = dict(block=9, head=11)
model = dict(
    type="MaskedImageModel",
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    neck=dict(type="MaskTokenNeck", width=512),
    masking=dict(
        type="MaskGenerator",
        score=dict(type="AttentionScore", teacher="mae", **_attention),
        policy=dict(type="SoftToHardPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PixelTarget", normalize=True),
            loss=dict(type="PatchMSE"),
        ),
        attention=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="AttentionTarget", teacher="mae", normalize="standardized", **_attention),
            loss=dict(type="PatchMSE"),
            positions="masked",
        ),
    ),
    teachers=dict(mae=dict(type="PretrainedTeacher", checkpoint="checkpoints/mae_vit-base.pth")),
)
# `lr` is the base rate per 256 images: the real rate is lr * batch / 256 (see auto_scale_lr)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=200, warmup_epochs=40)
