"""SBAM on MAE, a micro ViT on CIFAR-10 at 32x32: real images on any machine.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024;
          its recipe scaled down.
Command:  python tools/train.py configs/cifar10/sbam_mae-vit-micro.py
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10.py",
    "../_base_/runtime/default.py",
]
model = dict(
    masking=dict(
        score=dict(type="SalienceScore", positions=True),
        policy=dict(type="NoisyPolicy", amplitude=0.5),
    ),
)
