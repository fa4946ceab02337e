"""GPA, ViT-B/16, 300 epochs.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 6.
Command:  tools/dist_train.sh configs/gpa/vitb_300e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.4 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=300, warmup_epochs=20)
default_hooks = dict(progress=dict(first=0))
