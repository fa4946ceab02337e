"""AMR between 0.55 and 0.95.

The paper's other values are in a figure only.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
Command:  tools/dist_train.sh configs/sbam/ablations/figure7_spread02.py 8
Figure:   its Figure 7, ViT-L: stable when fine-tuned, sensitive in the linear probe, best at 0.15 (no number in the
          text).
Hardware: as configs/sbam/mae-vitl_400e.py.
"""

_base_ = "../mae-vitl_400e_amr.py"
model = dict(masking=dict(ratio=dict(spread=0.2)))
