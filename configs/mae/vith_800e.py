"""MAE, ViT-H/14, 800 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; its Table 3 has 1600 epochs:
          configs/mae/vith_1600e.py.
Command:  tools/dist_train.sh configs/mae/vith_800e.py 8
Figure:   ImageNet-1K top-1: none is printed for 800 epochs.
Hardware: 8 GPUs of 80 GB at batch 256 each with accumulative_counts=2, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="huge", patch_size=14))
schedule = dict(epochs=800)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(accumulative_counts=2)
