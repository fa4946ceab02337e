"""MAE, ViT-H/14, 1600 epochs: the result of the MAE paper.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 3.
Command:  tools/dist_train.sh configs/mae/vith_1600e.py 8
Figure:   ImageNet-1K top-1 of the paper: 86.9 fine-tuned, 76.6 linear.
Hardware: as configs/mae/vith_800e.py.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="huge", patch_size=14))
schedule = dict(epochs=1600)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(accumulative_counts=2)
