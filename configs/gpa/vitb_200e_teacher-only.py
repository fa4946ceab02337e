"""GPA, ViT-B/16, 200 epochs: attention as a teacher only.

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Tables 1, 3, 4, 5
          and 10.
Command:  tools/dist_train.sh configs/gpa/vitb_200e_teacher-only.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.73 fine-tuned (MAE: 82.23).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(tasks=dict(attention=None))
schedule = dict(warmup_epochs=20)
default_hooks = dict(progress=dict(first=0))
