"""MAE, ViT-L/16, 800 epochs: the baseline of SBAM (Table 1), whose 400 epochs are half of this schedule.

Checkpoints 200, 400, 600 and 800 stay (SBAM, section 6.1).

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 1d (normalised pixels);
          baseline of SBAM, Table 1.
Command:  tools/dist_train.sh configs/mae/vitl_800e.py 8
Figure:   ImageNet-1K top-1 of MAE: 85.4 fine-tuned, 73.9 linear; of SBAM at epoch 400: 84.3 fine-tuned; of mmpretrain
          at the end: 85.4 fine-tuned, 73.7 linear.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(encoder=dict(arch="large"))
schedule = dict(epochs=800)
default_hooks = dict(checkpoint=dict(keep_every=200))
