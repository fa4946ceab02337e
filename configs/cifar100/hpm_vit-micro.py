"""HPM, a micro ViT on CIFAR-100 at 32x32.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/cifar100/hpm_vit-micro.py
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: one GPU; hours on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/hpm_vit-micro.py",
    "../_base_/data/cifar100.py",
    "../_base_/runtime/default.py",
]
