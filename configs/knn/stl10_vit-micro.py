"""k-NN on STL-10 of a micro ViT encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1 (protocol).
Command:  python tools/test.py configs/knn/stl10_vit-micro.py CHECKPOINT
Figure:   none in the papers.
Hardware: any; a minute on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/knn_vit-micro.py",
    "../_base_/datasets/knn.py",
    "../_base_/images/stl10.py",
    "../_base_/default_runtime.py",
]
model = dict(data_preprocessor=_base_._statistics, encoder=dict(patch_size=8))
test_dataloader = dict(dataset=dict(data_root=_base_._test))
test_cfg = dict(neighbours=dict(dataset=dict(data_root=_base_._train)))
