"""SBAM on MAE, ViT-B/16, 400 epochs, mask ratio 0.75 throughout (no AMR).

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024.
          Table 1; its 400 epochs are a stage of an 800-epoch schedule; its code starts from 100 epochs of random masks
          (model.masking.policy.start=0.25).
Command:  tools/dist_train.sh configs/sbam/mae-vitb_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.6 fine-tuned (MAE: 82.9).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/sbam_mae-vit-base.py",
    "../_base_/datasets/imagenet.py",
    "../_base_/schedules/adamw_200e.py",
    "../_base_/default_runtime.py",
]
schedule = dict(epochs=400)
