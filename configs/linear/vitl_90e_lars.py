"""Linear probe of a pre-trained ViT-L/16 on ImageNet-1K: MAE's, LARS, 90 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 10: class token, batch 16384.
Command:  tools/dist_train.sh configs/linear/vitl_90e_lars.py 8 --init work_dirs/mae/vitl_1600e/epoch_1600.pth
Figure:   top-1 of the paper: 75.8 (MAE, 1600 epochs of pre-training); its public code: 76.0, for which 50
          epochs do. Of mmpretrain after 400, 800 and 1600 epochs: 70.7, 73.7, 75.5.
Hardware: 8 GPUs of 24 GB at batch 2048 each, bf16.
"""

_base_ = [
    "../_base_/recipes/linear_lars.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=[])
model = dict(encoder=dict(type="SparseViT", arch="large", patch_size=16))
train_dataloader = dict(batch_size=2048)
