"""PASS that scores randomly cropped and flipped images, as in training.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, which does not say.
Command:  tools/dist_train.sh configs/pass/ablations/transform-train.py 8
Figure:   none.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(transform="train"))
