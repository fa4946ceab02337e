"""MAE, ViT-B/16, 200 epochs: the baseline of GPA and PASS.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; baseline row of GPA and PASS, Table 1 of
          both. HPM's (its Table 1) predicts plain pixels: configs/hpm/ablations/table1_rgb_none.py.
Command:  tools/dist_train.sh configs/mae/vitb_200e.py 8
Figure:   ImageNet-1K top-1 of GPA: 82.23 fine-tuned; of PASS: 82.2 fine-tuned, 50.8 linear.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/datasets/imagenet.py",
    "../_base_/schedules/adamw_200e.py",
    "../_base_/default_runtime.py",
]
