"""FastMIM, normalised pixels at 20 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro_10k_20px_pixel.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
data = dict(size=20)
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="micro",
        patch_size=4,
        image_size=32,  # of the fine-tuning
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=6, warmup_epochs=1)
