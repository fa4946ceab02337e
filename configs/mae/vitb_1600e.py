"""MAE, ViT-B/16, 1600 epochs: the result of the MAE paper.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 3.
Command:  tools/dist_train.sh configs/mae/vitb_1600e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.6 fine-tuned, 68.0 linear.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=1600)
