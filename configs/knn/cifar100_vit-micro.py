"""k-NN on CIFAR-100 of a micro ViT encoder.

Paper:    Caron et al., Emerging Properties in Self-Supervised Vision Transformers (DINO), 2021, section 4.1 (protocol).
Command:  python tools/test.py configs/knn/cifar100_vit-micro.py CHECKPOINT
Figure:   none in the papers.
Hardware: any; 2 minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/knn_vit-micro.py",
    "../_base_/datasets/knn.py",
    "../_base_/images/cifar100.py",
    "../_base_/default_runtime.py",
]
model = dict(data_preprocessor=_base_._statistics)
test_dataloader = dict(dataset=dict(data_root=_base_._test))
test_cfg = dict(neighbours=dict(dataset=dict(data_root=_base_._train)))
