"""MAE's linear probe: LARS, whose layer-wise rate is not for biases, on a frozen encoder, the run's; class token.

`lr` is the base rate per 256 images.
"""

model = dict(type="Classifier", pool="cls", norm="batch", frozen=True, head_std=0.01)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    paramwise_cfg=dict(exempt=dict(always_adapt=False)),
    precision="bf16",
    optimizer=dict(type="Lars", lr=0.1, momentum=0.9, weight_decay=0.0, trust_coeff=0.001, always_adapt=True),
)
schedule = dict(epochs=90, warmup_epochs=10)
