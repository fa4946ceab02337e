"""SBAM without noise: the salience alone decides.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/figure7_no-noise.py 8
Figure:   its Figure 7, ViT-L: lower than with noise (no number in the text).
Hardware: as configs/sbam/mae-vitl_400e.py.
"""

_base_ = "../mae-vitl_400e.py"
model = dict(masking=dict(policy=dict(amplitude=0.0)))
