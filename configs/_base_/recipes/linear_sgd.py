"""HPM's linear probe: SGD without weight decay on a frozen encoder, the run's; mean patch token, BatchNorm, linear.

`pool="cls"` takes the class token. `lr` is the base rate per 256 images.
"""

model = dict(type="Classifier", pool="avg", norm="batch", frozen=True, head_std=0.01)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    optimizer=dict(type="SGD", lr=1e-3, momentum=0.9, weight_decay=0.0, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=10)
