"""PASS ablation: data budget.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 7.
Command:  tools/dist_train.sh configs/pass/ablations/figure7.py:ROW 8
Figure:   in a figure only, whose budgets the text does not name: the more, the better, by less and less.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
rows = {
    "budget20": (None, {"default_hooks.selection.budget": 0.2}),  # keeps 11.1 % of the images after 20 epochs
    "budget50": (None, {"default_hooks.selection.budget": 0.5}),  # keeps 44.4 %
    "budget75": (None, {"default_hooks.selection.budget": 0.75}),  # keeps 72.2 %
}
