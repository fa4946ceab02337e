"""GPA for small images: a 6-block, 128-wide encoder and 2-block, 128-wide decoders, for a grid of 8x8 patches.

Block 4 of 6 lies where the paper's block 9 of 12 does (int(9 / 12 * 6) = 4); the head is the last, as there.
"""

_base_ = "./gpa_mae-vit-base.py"
_attention = dict(block=4, head=3)
model = dict(
    encoder=dict(arch="micro", patch_size=4),
    neck=dict(width=128),
    masking=dict(score=_attention),
    tasks=dict(reconstruct=dict(decoder=dict(depth=2)), attention=dict(decoder=dict(depth=2), target=_attention)),
)
# the recipe for small images and models: a larger base rate, full precision, less warm-up
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=1e-3))
schedule = dict(warmup_epochs=20)
