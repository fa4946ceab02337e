"""SBAM with AMR that rounds the number of visible patches up, K = ceil(L (1 - ratio)), as section 3 prints it.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/count-rounding_ceil.py 8
Figure:   none; its public code rounds down. At a fixed ratio of 0.75 both leave 49 patches visible.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e_amr.py"
model = dict(masking=dict(ratio=dict(count_rounding="ceil")))
