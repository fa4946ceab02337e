"""PASS on SBAM, ViT-B/16, 200 epochs: salience masks in training, the predictor's in selection.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, on a host that it does
          not try: Choi et al., Salience-Based Adaptive Masking, 2024.
Command:  tools/dist_train.sh configs/pass/sbam-mae-vitb_200e.py 8
Figure:   none in the papers.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = [
    "../_base_/models/sbam_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
model = dict(tasks=dict(predict_loss=_base_._predict_loss))
default_hooks = dict(checkpoint=dict(keep_every=200), selection=_base_._selection)
find_unused_parameters = True
