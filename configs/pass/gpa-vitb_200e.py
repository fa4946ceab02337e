"""PASS on GPA, ViT-B/16, 200 epochs: attention masks in training, the predictor's in selection.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, on a host that it does
          not try: Global Patch-wise Attention is Masterful Facilitator for Masked Image Modeling, 2024.
Command:  tools/dist_train.sh configs/pass/gpa-vitb_200e.py 8
Figure:   none in the papers.
Hardware: as configs/gpa/vitb_200e.py.
"""

_base_ = [
    "../_base_/models/gpa_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
model = dict(tasks=dict(predict_loss=_base_._predict_loss))
default_hooks = dict(progress=dict(first=0), selection=_base_._selection)
find_unused_parameters = True
schedule = dict(warmup_epochs=20)
