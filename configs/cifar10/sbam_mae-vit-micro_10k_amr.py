"""SBAM with AMR on MAE, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Each image has its own mask ratio, between 0.60 and 0.90.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024,
          Eq. 7; its recipe scaled down.
Command:  python tools/train.py configs/cifar10/sbam_mae-vit-micro_10k_amr.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mae_vit-micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
model = dict(
    masking=dict(
        score=dict(type="SalienceScore", positions=True),
        policy=dict(type="NoisyPolicy", amplitude=0.5),
        ratio=dict(type="AdaptiveRatio", spread=0.15, threshold=0.1, level="sample"),
    ),
)
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(epochs=6, warmup_epochs=1)
