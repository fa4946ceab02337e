"""PASS on MAE, ViT-B/16, 200 epochs: 20 on all images, then on the 30 % that are hardest, chosen anew every 20.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1. Its 37 % is
          read as the share of 200 full epochs that is seen; see docs/selection.md.
Command:  tools/dist_train.sh configs/pass/mae-vitb_200e.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.9 fine-tuned, 52.5 linear, in 0.59 of MAE's time (MAE: 82.2, 50.8).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 256 and accumulative_counts=2 on 32 GB).
"""

_base_ = ["../mae/vitb_200e.py", "../_base_/pass.py"]
model = dict(tasks=dict(predict_loss=_base_._predict_loss))
default_hooks = dict(selection=_base_._selection)
find_unused_parameters = True
