"""HPM's linear probe: SGD without weight decay. `lr` is the base rate per 256 images."""

optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="SGD", lr=1e-3, momentum=0.9, weight_decay=0.0, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=10)
