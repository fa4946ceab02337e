"""FastMIM: a mask token in the pixels, a decoder of 1b256d, HOG as target, and its recipe. The encoder is the run's."""

model = dict(
    type="MaskedImageModel",
    neck=dict(type="ProjectionNeck", width=256),
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=1),
            target=dict(type="HOGTarget"),
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
schedule = dict(epochs=800, warmup_epochs=10)
