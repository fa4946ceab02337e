"""SBAM on MAE, ViT-B/16, 800 epochs, mask ratio 0.75 throughout (no AMR).

Checkpoints of epochs 200, 400, 600 and 800 stay: the stages that its Figures 4 and 6 evaluate. To evaluate them:
docs/masking.md.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024,
          Table 1. Its code starts from 100 epochs of random masks: ablations/start100.py.
Command:  tools/dist_train.sh configs/sbam/mae-vitb_800e.py 8
Figure:   ImageNet-1K top-1 of the paper, fine-tuned from epoch 400: 83.6 (MAE: 82.9); none is printed for epoch 800.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/sbam_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=800)
default_hooks = dict(checkpoint=dict(keep_every=200))
