"""MAE, a micro ViT on every fifth training image of CIFAR-10, 6 epochs: a comparison within minutes on 2 CPU cores.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/mae_vit-micro_10k.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=6, warmup_epochs=1)
