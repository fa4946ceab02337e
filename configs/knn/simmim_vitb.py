"""k-NN on ImageNet-1K of the ViT-B/16 encoder that SimMIM trains.

Paper:    as configs/knn/vitb.py.
Command:  tools/dist_test.sh configs/knn/simmim_vitb.py CHECKPOINT 8
Figure:   none in the paper.
Hardware: as configs/knn/vitb.py.
"""

_base_ = [
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size"),
)
