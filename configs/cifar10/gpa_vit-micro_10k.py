"""GPA, a micro ViT on every fifth training image of CIFAR-10, 6 epochs: a comparison within minutes on 2 CPU cores.

Its teacher is the MAE of configs/cifar10/mae_vit-micro_10k.py, which has to be trained first, with the same seed; for
one in another folder (docs/cifar10.md has one a seed) set model.teachers.mae.checkpoint. With its teacher's 6 epochs,
GPA costs 12.

Paper:    GPA: Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, 2024; its recipe scaled
          down.
Command:  python tools/train.py configs/cifar10/gpa_vit-micro_10k.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
model = dict(teachers=dict(mae=dict(checkpoint="work_dirs/cifar10/mae_vit-micro_10k/epoch_6.pth")))
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=6, warmup_epochs=1)
default_hooks = dict(progress=dict(first=0))
