"""SBAM on MAE: token salience of the student's own embedding plus uniform noise decides which patches are masked."""

model = dict(
    type="MaskedImageModel",
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    neck=dict(type="MaskTokenNeck", width=512),
    masking=dict(
        type="MaskGenerator",
        score=dict(type="SalienceScore", positions=True),
        policy=dict(type="NoisyPolicy", amplitude=0.5),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PixelTarget", normalize=True),
            loss=dict(type="PatchMSE"),
        ),
    ),
)
# `lr` is the base rate per 256 images: the real rate is lr * batch / 256 (see auto_scale_lr)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=200, warmup_epochs=40)
