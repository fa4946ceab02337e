"""MAE, ViT-L/16, 200 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Figure 7 (shorter schedule); baseline of
          HPM, Table 6.
Command:  tools/dist_train.sh configs/mae/vitl_200e.py 8
Figure:   ImageNet-1K top-1 printed by HPM: 83.3 fine-tuned; 85.1 after 1600 epochs.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="large"))
