"""FastMIM, HOG at 32 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro_10k.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_vit-micro.py",
    "../_base_/datasets/cifar10_10k.py",
    "../_base_/schedules/ten_thousand.py",
    "../_base_/default_runtime.py",
]
model = dict(data_preprocessor=_base_._statistics)
custom_hooks = _base_._watch_hooks
