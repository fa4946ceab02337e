"""SBAM with AMR on MAE, ViT-B/16, the first 400 epochs of a schedule of 800: each image has its own mask ratio.

Its section 6.1 measures all figures of 400 epochs there, where the rate is still 0.54 of its peak. The run can go on to
epoch 800: --resume --work-dir FOLDER with mae-vitb_800e_amr.py.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024, Eq.
          7. Table 1 does not say whether AMR was on; Figure 6 shows it for ViT-L, without numbers.
Command:  tools/dist_train.sh configs/sbam/mae-vitb_400e_amr.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.6 fine-tuned (MAE: 82.9), with or without AMR.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/sbam_mae-vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(masking=dict(ratio=dict(type="AdaptiveRatio", spread=0.15, threshold=0.1, level="sample")))
schedule = dict(epochs=800, stop=400)
default_hooks = dict(checkpoint=dict(keep_every=200))
