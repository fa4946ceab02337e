"""Linear probe of a pre-trained ViT-B/16 on ImageNet-1K: HPM's, SGD and BatchNorm, 100 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S3, batch 4096:
          the mean patch token; its code takes the class token (model.pool=cls).
Command:  tools/dist_train.sh configs/linear/vitb_100e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   top-1 of the paper: 54.92 (HPM, 200 epochs of pre-training), 50.80 (MAE). Of PASS: 52.5,
          beside MAE's 50.8.
Hardware: 8 GPUs of 16 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/recipes/linear_sgd.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=[])
model = dict(encoder=dict(type="SparseViT", arch="base", patch_size=16))
train_dataloader = dict(batch_size=512)
