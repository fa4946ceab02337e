"""Linear probe of a micro ViT on STL-10.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/linear/stl10_vit-micro.py --init work_dirs/stl10/hpm_vit-micro/epoch_200.pth
Figure:   none in the papers.
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/recipes/linear_sgd.py",
    "../_base_/data/stl10.py",
    "../_base_/runtime/classification.py",
]
model = dict(encoder=dict(type="SparseViT", arch="micro", patch_size=8))
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=0.1))
