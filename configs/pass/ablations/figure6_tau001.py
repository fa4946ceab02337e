"""PASS ablation: temperature 0.01 of the weights.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 6.
Command:  tools/dist_train.sh configs/pass/ablations/figure6_tau001.py 8
Figure:   in a figure only, whose values of tau the text does not name: it gains below 1 and approaches equal weights
          from 1 on.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(selector=dict(type="WSSSelector", tau=0.01)))
