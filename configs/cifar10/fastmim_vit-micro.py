"""FastMIM, HOG at 32 px, a micro ViT on CIFAR-10: real images on any machine.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro.py --seed 0
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
        type="DenseViT",
        arch="micro",
        patch_size=4,
        image_size="data.size",
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
)
