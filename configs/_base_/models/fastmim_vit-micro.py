"""FastMIM for small images: a 6-block, 128-wide encoder of 4 px patches, one HOG cell each, and a decoder of 1b64d."""

_base_ = "./fastmim_vit-base.py"
model = dict(
    encoder=dict(arch="micro", patch_size=4, image_size=32),
    neck=dict(width=64),
    tasks=dict(reconstruct=dict(target=dict(cell=4))),
)
