"""SBAM the other way round: the least salient patches are masked.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/keep-salient.py 8
Figure:   none; a reading of its section 3 that its figures and code contradict.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e.py"
model = dict(masking=dict(policy=dict(select="min")))
