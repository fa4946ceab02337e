"""k-NN on STL-10 of a micro ViT encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1 (protocol).
Command:  python tools/test.py configs/knn/stl10_vit-micro.py CHECKPOINT
Figure:   none in the papers.
Hardware: any; a minute on 2 CPU cores.
"""

_base_ = [
    "../_base_/data/stl10.py",
    "../_base_/runtime/default.py",
]
model = dict(
    type="FeatureExtractor",
    encoder=dict(type="SparseViT", arch="micro", patch_size=8),
)
