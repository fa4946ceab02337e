"""PASS that keeps 37 % and runs all 200 epochs, which is 43.3 % of 200 full ones.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, in a third reading.
Command:  tools/dist_train.sh configs/pass/ablations/reading-c.py 8
Figure:   none for this reading alone; see docs/selection.md.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(keep=0.37, budget=None))
