"""SBAM with AMR on MAE, ViT-L/16, 400 epochs: each image has its own mask ratio, between 0.60 and 0.90.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024, Eq.
          7. Table 1 does not say whether AMR was on; Figure 6 shows it for ViT-L, without numbers.
Command:  tools/dist_train.sh configs/sbam/mae-vitl_400e_amr.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.1 fine-tuned (MAE: 84.3), with or without AMR.
Hardware: 8 GPUs of 80 GB at batch 256 each with accumulative_counts=2, bf16.
"""

_base_ = "./mae-vitl_400e.py"
model = dict(masking=dict(ratio=dict(type="AdaptiveRatio", spread=0.15, threshold=0.1, level="sample")))
