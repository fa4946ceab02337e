"""GPA, ViT-B/16, 200 epochs: attention as a teacher and as a feature.

Its teacher is a pre-trained MAE ViT-B/16, whose own epochs the 200 do not count. It is read from
checkpoints/mae_vit-base.pth: MAE's public checkpoint, or any other that tools/convert.py reads
(model.teachers.mae.checkpoint).

Paper:    Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, ACM MM 2024, Tables 1, 6 and
          7.
Command:  tools/dist_train.sh configs/gpa/vitb_200e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.22 fine-tuned, 64.9 linear (MAE: 82.23, 50.8).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(warmup_epochs=20)
default_hooks = dict(progress=dict(first=0))
