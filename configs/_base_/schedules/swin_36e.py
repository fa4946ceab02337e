"""Detection with Swin as SimMIM and FastMIM do it: AdamW, 36 epochs, steps at 27 and 33, 1500 iterations of warm-up.

As in FastMIM's release, what has "norm" in its name and tables do not decay, but biases and the heads' BatchNorms do.
"""

optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.WeightDecayByShape",
    paramwise_cfg=dict(exempt_by="names", no_decay=("relative_position_bias_table", "norm")),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=6e-5, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=36, warmup_epochs=0.4093, warmup_lr=6e-8, steps=[27, 33], gamma=0.1, val_interval=9)
