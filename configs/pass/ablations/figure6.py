"""PASS ablation: temperature of the weights.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 6.
Command:  tools/dist_train.sh configs/pass/ablations/figure6.py:ROW 8
Figure:   in a figure only, whose values of tau the text does not name: it gains below 1 and approaches equal weights
          from 1 on.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
rows = {
    "tau001": (None, {"default_hooks.selection.selector": dict(type="WSSSelector", tau=0.01)}),
    "tau05": (None, {"default_hooks.selection.selector": dict(type="WSSSelector", tau=0.5)}),
    "tau1": (None, {"default_hooks.selection.selector": dict(type="WSSSelector", tau=1.0)}),
    "tau10": (None, {"default_hooks.selection.selector": dict(type="WSSSelector", tau=10.0)}),
}
