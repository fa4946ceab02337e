"""AMR with one ratio for all images of a process's batch.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/amr_per-batch.py 8
Figure:   none; what its public code does, while the paper gives each image its own ratio.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e_amr.py"
model = dict(masking=dict(ratio=dict(level="batch")))
