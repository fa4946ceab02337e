"""UperNet's schedule: AdamW with layer-wise decay, 1500 iterations of warm-up, then linearly to zero."""

optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.65, no_decay=("positions", "relative", "cls_token")),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(iterations=160000, warmup_iterations=1500, warmup_factor=1e-6, val_interval=16000)
