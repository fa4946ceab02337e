"""FastMIM, HOG at 32 px, a micro Swin of two stages on CIFAR-10.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_swin-micro.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = "./fastmim_vit-micro.py"
model = dict(
    encoder=dict(
        _delete_=True,
        type="DenseSwin",
        arch=dict(embed_dim=64, depths=(2, 4), num_heads=(2, 4)),
        image_size=32,
        window_size=4,
        mask_at="pixels",
    ),
)
