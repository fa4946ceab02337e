"""k-NN on ImageNet-1K of a ViT-B/16 encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1, for the
          protocol; Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, for mean-pooled patch tokens.
Command:  tools/dist_test.sh configs/knn/vitb.py CHECKPOINT 8
Figure:   HPM's table 1, best k, after 200 epochs: 29.84 MAE, 36.09 HPM. Not measured here.
          k-NN understates masked-image models: compare them with each other, not with contrastive ones.
Hardware: 8 GPUs, or one with 16 GB for the features and more time; the features alone take 4 GB.
"""

_base_ = ["../_base_/models/knn_vit-base.py", "../_base_/datasets/knn.py", "../_base_/default_runtime.py"]
_images = [
    dict(type="LoadImage"),
    dict(type="CenterResizedCrop", scale=224, crop_fraction=0.875),  # resize 256, crop 224
    dict(type="mmpretrain.PackInputs", meta_keys=("img_path",)),
]
test_dataloader = dict(num_workers=12, dataset=dict(data_root="data/imagenet/val", pipeline=_images))
test_cfg = dict(
    neighbours=dict(num_workers=12, dataset=dict(data_root="data/imagenet/train", pipeline=_images)),
)
