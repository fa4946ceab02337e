"""HPM: MAE plus an EMA teacher, a loss predictor and an easy-to-hard mask. Plain pixels, as in the paper's tables."""

model = dict(
    type="MaskedImageModel",
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    neck=dict(type="MaskTokenNeck", width=512),
    masking=dict(
        type="MaskGenerator",
        score=dict(type="PredictedLossScore", teacher="ema"),
        policy=dict(type="EasyToHardPolicy", alpha_start=0.0, alpha_end=0.5),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchMSE"),
        ),
        predict_loss=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="RelativePatchLoss"),
        ),
    ),
    teachers=dict(ema=dict(type="EMATeacher", start=0.999, end=0.9999, ramp_epochs=100)),
)
# `lr` is the base rate per 256 images: the real rate is lr * batch / 256 (see auto_scale_lr)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=200, warmup_epochs=40)
