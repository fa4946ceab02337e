"""SBAM on ViT-L/16 after 100 of 800 epochs of plainly random masks.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/start100.py 8
Figure:   none; what its public code does: it resumes from an MAE checkpoint of 100 epochs. Its command counts to 400
          epochs (schedule.epochs=400 model.masking.policy.start=0.25), its paper to 800.
Hardware: as configs/sbam/mae-vitl_800e.py.
"""

_base_ = "../mae-vitl_800e.py"
model = dict(masking=dict(policy=dict(start=0.125)))
