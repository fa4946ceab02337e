"""PASS ablation: a data budget of 75 %, which keeps 72.2 % of the images after 20 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 7.
Command:  tools/dist_train.sh configs/pass/ablations/figure7_budget75.py 8
Figure:   in a figure only, whose budgets the text does not name: the more, the better, by less and less.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(budget=0.75))
