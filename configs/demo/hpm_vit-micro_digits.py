"""HPM, a micro ViT on scikit-learn's digits: one channel, real scans, nothing to prepare.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/demo/hpm_vit-micro_digits.py
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/hpm_vit-micro.py",
    "../_base_/data/digits.py",
    "../_base_/runtime/default.py",
]
model = dict(teachers=dict(ema=dict(start=0.99, end=0.998, ramp_epochs=10)))
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=20, warmup_epochs=2)
default_hooks = dict(logger=dict(interval=10))
