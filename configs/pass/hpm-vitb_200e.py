"""PASS on HPM, ViT-B/16, 200 epochs: HPM's own loss predictor chooses the images, too.

It is trained throughout, and its moving average is asked. Its relative loss teaches it log odds, not losses: at tau = 1
a patch weighs as much as it is likely to be the hardest of the masked ones.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, on a host that it does
          not try: Wang et al., Hard Patches Mining for Masked Image Modeling, 2023.
Command:  tools/dist_train.sh configs/pass/hpm-vitb_200e.py 8
Figure:   none in the papers.
Hardware: as configs/hpm/vitb_200e.py.
"""

_base_ = [
    "../_base_/models/hpm_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
    "../_base_/recipes/pass.py",
]
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
_selector = dict(type="WSSSelector", tau=1.0, task=None)
default_hooks = dict(selection=dict(_base_._selection, selector=_selector))
