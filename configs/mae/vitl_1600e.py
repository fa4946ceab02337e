"""MAE, ViT-L/16, 1600 epochs: the result of the MAE paper.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 3.
Command:  tools/dist_train.sh configs/mae/vitl_1600e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.9 fine-tuned, 75.8 linear. The 85.1 that HPM quotes (Table 6) is of plain
          pixels (Figure 7).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="large"))
schedule = dict(epochs=1600)
