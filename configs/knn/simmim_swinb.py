"""k-NN on ImageNet-1K, at 192 px, of the Swin-B encoder that SimMIM trains.

Paper:    as configs/knn/vitb.py.
Command:  tools/dist_test.sh configs/knn/simmim_swinb.py CHECKPOINT 8
Figure:   none in the paper.
Hardware: as configs/knn/vitb.py.
"""

_base_ = [
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
data = dict(size=192)
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="DenseSwin", arch="base", image_size="data.size", window_size="data.size/32"),
)
