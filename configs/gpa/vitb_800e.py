"""GPA, ViT-B/16, 800 epochs.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Table 8.
Command:  tools/dist_train.sh configs/gpa/vitb_800e.py 8
Figure:   ADE20K mIoU of the paper: 48.9 with UperNet after 160k iterations (MAE: 48.1); no ImageNet figure is printed.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=800, warmup_epochs=20)
default_hooks = dict(progress=dict(first=0))
