"""PASS on SimMIM, whose images are scored by its own L1 loss.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, which names the L2
          distance for every host.
Command:  tools/dist_train.sh configs/pass/ablations/simmim_score-l1.py 8
Figure:   none.
Hardware: as configs/pass/simmim-vitb_200e.py.
"""

_base_ = "../simmim-vitb_200e.py"
default_hooks = dict(selection=dict(selector=dict(type="WSSSelector", tau=0.1, score_loss="task")))
