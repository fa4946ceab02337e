"""The features of the encoder for small images."""

_base_ = "./knn_vit-base.py"
model = dict(encoder=dict(arch="micro", patch_size=4))
