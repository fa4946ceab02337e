"""MAE, ViT-L/16, 400 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022. SBAM's figures at 400 epochs
          (Table 1) are not of this run but half of configs/mae/vitl_800e.py.
Command:  tools/dist_train.sh configs/mae/vitl_400e.py 8
Figure:   ImageNet-1K top-1 of mmpretrain: 85.2 fine-tuned, 70.7 linear.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="large"))
schedule = dict(epochs=400)
