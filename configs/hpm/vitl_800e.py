"""HPM, ViT-L/16, 800 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 6.
Command:  tools/dist_train.sh configs/hpm/vitl_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.8 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/hpm_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="large"))
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
schedule = dict(epochs=800)
