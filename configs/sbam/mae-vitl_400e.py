"""SBAM on MAE, ViT-L/16, 400 epochs, mask ratio 0.75 throughout (no AMR).

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
          Table 1; its 400 epochs are a stage of an 800-epoch schedule; its code starts from 100 epochs of random masks
          (model.masking.policy.start=0.25).
Command:  tools/dist_train.sh configs/sbam/mae-vitl_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.1 fine-tuned (MAE: 84.3).
Hardware: 8 GPUs of 80 GB at batch 256 each with accumulative_counts=2, bf16.
"""

_base_ = "./mae-vitb_400e.py"
model = dict(encoder=dict(arch="large"))
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(accumulative_counts=2)
