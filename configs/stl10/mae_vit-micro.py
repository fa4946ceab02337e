"""MAE, a micro ViT on the 100,000 unlabelled images of STL-10, at 96x96.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its recipe scaled down.
Command:  python tools/train.py configs/stl10/mae_vit-micro.py
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: one GPU; hours on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/stl10.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(patch_size=8))
