"""MAE's recipe. `lr` is the base rate per 256 images: the real rate is lr * batch / 256 (see auto_scale_lr)."""

optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1.5e-4, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=200, warmup_epochs=40)
