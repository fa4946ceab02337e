"""PASS that keeps 37 % and ends once 37 % of 200 full epochs are seen, after 165.9 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024: its text has it so; its
          Table 4 does not.
Command:  tools/dist_train.sh configs/pass/ablations/reading-a.py 8
Figure:   none for this reading alone; see docs/selection.md.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(keep=0.37, budget=None, stop="budget"))
