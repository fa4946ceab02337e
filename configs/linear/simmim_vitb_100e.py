"""Linear probe on ImageNet-1K of the ViT-B/16 encoder that SimMIM trains.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022, whose public code has no linear probe;
          the recipe is that of configs/linear/vitb_100e.py.
Command:  tools/dist_train.sh configs/linear/simmim_vitb_100e.py 8 --init work_dirs/simmim/vitb_800e/epoch_800.pth
Figure:   top-1 of the paper: 56.7 after 800 epochs of pre-training, by a recipe of its own; not measured here.
Hardware: as configs/linear/vitb_100e.py.
"""

_base_ = [
    "../_base_/recipes/linear_sgd.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=[])
model = dict(encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size"))
train_dataloader = dict(batch_size=512)
