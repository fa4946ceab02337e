"""UperNet's schedule: AdamW with layer-wise decay, 1500 iterations of warm-up, then linearly to zero.

As in mmseg's layer-wise decay (and FastMIM's), positions and the class token decay: its exemption of them compares
names without the prefix that they have in a segmentor. paramwise_cfg.no_decay="['positions','relative','cls_token']"
exempts them.
"""

optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.65),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(iterations=160000, warmup_iterations=1500, warmup_factor=1e-6, val_interval=16000)
