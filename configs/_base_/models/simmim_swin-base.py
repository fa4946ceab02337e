"""SimMIM with a Swin-B for 192 px: mask tokens in place of 4 px patches, 32 px tokens out. Other sizes: `arch`."""

_base_ = "./simmim_vit-base.py"
model = dict(encoder=dict(_delete_=True, type="DenseSwin", arch="base", image_size=192, window_size=6))
