"""SBAM on MAE without AMR, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024; its
          recipe scaled down.
Command:  python tools/train.py configs/cifar10/sbam_mae-vit-micro_10k.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = "./mae_vit-micro_10k.py"
model = dict(
    masking=dict(
        score=dict(type="SalienceScore", positions=True),
        policy=dict(type="NoisyPolicy", amplitude=0.5, _delete_=True),
    ),
)
