"""GPA, a micro ViT on CIFAR-10 at 32x32: real images on any machine.

Its teacher is the MAE of configs/cifar10/mae_vit-micro.py, which has to be trained first.

Paper:    GPA: Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, 2024; its recipe scaled
          down.
Command:  python tools/train.py configs/cifar10/gpa_vit-micro.py
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-micro.py",
    "../_base_/data/cifar10.py",
    "../_base_/runtime/default.py",
]
model = dict(teachers=dict(mae=dict(checkpoint="work_dirs/cifar10/mae_vit-micro/epoch_200.pth")))
default_hooks = dict(progress=dict(first=0))
