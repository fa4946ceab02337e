"""FastMIM, HOG at 32 px, a micro Swin of two stages on CIFAR-10.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_swin-micro.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_micro.py",
    "../_base_/data/cifar10.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseSwin",
        arch=dict(embed_dim=64, depths=(2, 4), num_heads=(2, 4)),
        image_size="data.size",
        window_size=4,
        mask_at="pixels",
    ),
)
