"""k-NN on ImageNet-1K of a ViT-L/16 encoder.

Paper:    as configs/knn/vitb.py.
Command:  tools/dist_test.sh configs/knn/vitl.py CHECKPOINT 8
Figure:   none in the papers for this protocol.
Hardware: 8 GPUs, or one with 24 GB and more time; the features alone take 5 GB.
"""

_base_ = [
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="SparseViT", arch="large", patch_size=16),
)
