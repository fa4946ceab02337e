"""SBAM after 100 epochs of plainly random masks.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/start100.py 8
Figure:   none; what its public code does: it resumes from an MAE checkpoint of 100 epochs.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e.py"
model = dict(masking=dict(policy=dict(start=0.25)))
