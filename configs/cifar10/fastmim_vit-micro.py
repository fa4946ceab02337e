"""FastMIM, HOG at 32 px, a micro ViT on CIFAR-10: real images on any machine.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_vit-micro.py",
    "../_base_/datasets/cifar10.py",
    "../_base_/schedules/adamw_small.py",
    "../_base_/default_runtime.py",
]
model = dict(data_preprocessor=_base_._statistics)
custom_hooks = _base_._watch_hooks
