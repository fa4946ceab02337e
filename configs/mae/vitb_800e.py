"""MAE, ViT-B/16, 800 epochs: the baseline of SBAM (Table 1), whose 400 epochs are half of this schedule.

Checkpoints 200, 400, 600 and 800 stay (SBAM, section 6.1).

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; baseline of SBAM, Table 1.
Command:  tools/dist_train.sh configs/mae/vitb_800e.py 8
Figure:   ImageNet-1K top-1 of SBAM at epoch 400: 82.9 fine-tuned; of mmpretrain at the end: 83.3 fine-tuned, 65.1
          linear.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
schedule = dict(epochs=800)
default_hooks = dict(checkpoint=dict(keep_every=200))
