"""HPM for small images: a 6-block, 128-wide encoder and 2-block, 128-wide decoders, for a grid of 8x8 patches."""

_base_ = "./hpm_vit-base.py"
model = dict(
    encoder=dict(arch="micro", patch_size=4),
    neck=dict(width=128),
    tasks=dict(reconstruct=dict(decoder=dict(depth=2)), predict_loss=dict(decoder=dict(depth=2))),
)
# the recipe for small images and models: a larger base rate, full precision, less warm-up
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=1e-3))
schedule = dict(warmup_epochs=20)
