"""Linear probe of a micro ViT on every fifth training image of CIFAR-10, 3 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/linear/cifar10_vit-micro_10k.py \
              --init work_dirs/cifar10/hpm_vit-micro_10k/epoch_6.pth
Figure:   none in the papers; see docs/cifar10.md for what three seeds gave.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/recipes/linear_sgd.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/classification.py",
]
model = dict(encoder=dict(type="SparseViT", arch="micro", patch_size=4))
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=0.2))
schedule = dict(epochs=3, warmup_epochs=1)
