"""MAE, ViT-B/16, 400 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022. SBAM's figures at 400 epochs
          (Table 1) are not of this run but half of configs/mae/vitb_800e.py.
Command:  tools/dist_train.sh configs/mae/vitb_400e.py 8
Figure:   ImageNet-1K top-1 of mmpretrain: 83.3 fine-tuned, 62.5 linear.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=400)
