"""AMR with one ratio for the global batch, the same on every process.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/amr_global.py 8
Figure:   none; level="batch" that does not depend on how many processes share a batch.
Hardware: as configs/sbam/mae-vitb_400e.py.
"""

_base_ = "../mae-vitb_400e_amr.py"
model = dict(masking=dict(ratio=dict(level="global")))
