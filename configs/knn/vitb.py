"""k-NN on ImageNet-1K of a ViT-B/16 encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1, for the
          protocol; Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, for mean-pooled patch tokens.
Command:  tools/dist_test.sh configs/knn/vitb.py CHECKPOINT 8
Figure:   HPM's table 1, best k, after 200 epochs: 29.84 MAE, 36.09 HPM. Not measured here.
          k-NN understates masked-image models: compare them with each other, not with contrastive ones.
Hardware: 8 GPUs, or one with 16 GB for the features and more time; the features alone take 4 GB.
"""

_base_ = [
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
)
