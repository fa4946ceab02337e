"""MAE, a micro ViT on every fifth training image of CIFAR-10, 10 epochs: all images, what PASS is compared with.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/pass_mae-vit-micro_10k_full.py --seed 0
Figure:   none in the paper.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=10, warmup_epochs=1)
