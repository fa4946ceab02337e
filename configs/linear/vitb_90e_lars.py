"""Linear probe of a pre-trained ViT-B/16 on ImageNet-1K: MAE's, LARS, 90 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 10: class token, batch 16384.
Command:  tools/dist_train.sh configs/linear/vitb_90e_lars.py 8 --init work_dirs/mae/vitb_1600e/epoch_1600.pth
Figure:   top-1 of the paper: 68.0 (MAE, 1600 epochs of pre-training); its public code: 67.8. Of mmpretrain after 400,
          800 and 1600 epochs: 62.5, 65.1, 67.1.
Hardware: 8 GPUs of 16 GB at batch 2048 each, bf16.
"""

_base_ = [
    "../_base_/recipes/linear_lars.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=[])
model = dict(encoder=dict(type="SparseViT", arch="base", patch_size=16))
train_dataloader = dict(batch_size=2048)
