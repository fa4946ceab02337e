"""k-NN on CIFAR-100 of a micro ViT encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1 (protocol).
Command:  python tools/test.py configs/knn/cifar100_vit-micro.py CHECKPOINT
Figure:   none in the papers.
Hardware: any; 2 minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/data/cifar100.py",
    "../_base_/runtime/default.py",
]
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="SparseViT", arch="micro", patch_size=4),
)
