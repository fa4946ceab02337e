"""SBAM with AMR on MAE, ViT-L/16, 800 epochs: each image has its own mask ratio, from 0.60 to 0.90.

Checkpoints of epochs 200, 400, 600 and 800 stay: the stages that its Figures 4 and 6 evaluate. To evaluate them:
docs/masking.md.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024, Eq.
          7. Table 1 does not say whether AMR was on; Figure 6 shows it for ViT-L, without numbers.
Command:  tools/dist_train.sh configs/sbam/mae-vitl_800e_amr.py 8
Figure:   ImageNet-1K top-1 of the paper, fine-tuned from epoch 400: 85.1 (MAE: 84.3), with or without AMR; its
          Figure 6 has the other epochs, without numbers.
Hardware: 8 GPUs of 80 GB at batch 256 each with accumulative_counts=2, bf16.
"""

_base_ = [
    "../_base_/models/sbam_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(arch="large"),
    masking=dict(ratio=dict(type="AdaptiveRatio", spread=0.15, threshold=0.1, level="sample")),
)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(accumulative_counts=2)
schedule = dict(epochs=800)
default_hooks = dict(checkpoint=dict(keep_every=200))
