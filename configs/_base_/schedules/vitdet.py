"""ViTDet's recipe: AdamW with layer-wise decay, the rate divided by ten after 8/9 and 26/27 of the run.

The steps are those of 100 epochs at batch 64 (163,889 and 177,546 of 184,375 iterations, 250 of warm-up). As in
detectron2, biases and relative positions decay; norms of tokens and absolute positions do not.
"""

optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.7, exempt_by="norms", no_decay=("positions",)),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.1, fused=True),
)
schedule = dict(epochs=100, warmup_epochs=0.1356, warmup_lr=1e-7, steps=[88.889, 96.296], gamma=0.1, val_interval=10)
