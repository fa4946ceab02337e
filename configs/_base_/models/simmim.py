"""SimMIM: a linear decoder, L1 on plain pixels, 32 px mask units, and its recipe for 800 epochs. Runs add the encoder.

The rate is constant and falls to a tenth at epoch 700. `lr` is the base rate per 256 images. SimMIM's public code
counts per 512: its 1e-4 is 5e-5 here, and 4e-4 at batch 2048. The warm-up starts at an absolute rate: the 5e-7 of that
code is 2e-6 at batch 2048.
"""

model = dict(
    type="MaskedImageModel",
    neck=None,
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.6),
        unit=32,
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchL1"),
        ),
    ),
)
optim_wrapper = dict(
    type="MIMOptimWrapper",
    constructor="WeightDecayByShape",
    precision="bf16",
    clip_grad=dict(max_norm=5.0),
    optimizer=dict(type="AdamW", lr=5e-5, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(epochs=800, warmup_epochs=10, warmup_lr=2e-6, steps=[700], gamma=0.1)
