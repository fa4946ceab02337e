"""MAE for small images: a 6-block, 128-wide encoder and a 2-block, 128-wide decoder, for a grid of 8x8 patches.

The recipe is MAE's with a larger base rate, full precision and less warm-up.
"""

model = dict(
    type="MaskedImageModel",
    encoder=dict(type="SparseViT", arch="micro", patch_size=4),
    neck=dict(type="MaskTokenNeck", width=128),
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=2),
            target=dict(type="PixelTarget", normalize=True),
            loss=dict(type="PatchMSE"),
        ),
    ),
)
# `lr` is the base rate per 256 images: the real rate is lr * batch / 256 (see auto_scale_lr)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="fp32",
    optimizer=dict(type="AdamW", lr=1e-3, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=200, warmup_epochs=20)
