"""FastMIM, normalised pixels at 20 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro_10k_20px_pixel.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = "./fastmim_vit-micro_10k_20px.py"
model = dict(
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
