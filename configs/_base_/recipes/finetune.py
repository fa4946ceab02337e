"""End-to-end fine-tuning of MAE and HPM: LayerNorm of the mean patch token, mixup or CutMix. The encoder is the run's.

`lr` is the base rate per 256 images; it falls by `layer_decay` a layer.
"""

model = dict(
    type="Classifier",
    pool="avg",
    norm="layer",
    head_std=2e-5,
    label_smoothing=0.1,
    mixup=0.8,
    cutmix=1.0,
)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="LayerDecay",
    paramwise_cfg=dict(layer_decay=0.8),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=5e-4, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=5, min_lr=1e-6)
