"""MAE on random subsets, as many images as PASS keeps, a new one every 20 epochs. ViT-B/16, 200 epochs.

Paper:    a baseline that Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024 leaves
          out.
Command:  tools/dist_train.sh configs/pass/ablations/random-subset.py 8
Figure:   none.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../../_base_/models/mae_vit-base.py",
    "../../_base_/data/imagenet.py",
    "../../_base_/runtime/default.py",
    "../../_base_/recipes/pass.py",
]
default_hooks = dict(selection=dict(_base_._selection, selector=dict(type="RandomSelector")))
