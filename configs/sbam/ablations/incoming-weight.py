"""Salience by the incoming weight of a token instead of the outgoing one.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/incoming-weight.py 8
Figure:   none; its section 6.4 names this difference from attention-driven masking (AMT, 82.8; SBAM, 83.6; Table 2).
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e.py"
model = dict(masking=dict(score=dict(direction="incoming")))
