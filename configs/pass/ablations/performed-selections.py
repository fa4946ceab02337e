"""PASS whose predictor is trained only before selections that are made: in 27 epochs, not in the last 3.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, whose Table 4 counts 30
          epochs of 200.
Command:  tools/dist_train.sh configs/pass/ablations/performed-selections.py 8
Figure:   none.
Hardware: as configs/pass/mae-vitb_200e.py.
"""

_base_ = "../mae-vitb_200e.py"
default_hooks = dict(selection=dict(keep_last_block=False))
