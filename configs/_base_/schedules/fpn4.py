"""The benchmark of MAE's authors (Li et al., 2021), as MIMDet reproduces it: AdamW, a cosine, no layer-wise decay.

As in MIMDet, biases decay; norms, absolute and relative positions do not.
"""

optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.WeightDecayByShape",
    paramwise_cfg=dict(exempt_by="norms", no_decay=("positions", "relative")),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=8e-5, betas=(0.9, 0.999), weight_decay=0.1, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=0.25, warmup_lr=8e-8, val_interval=10)
