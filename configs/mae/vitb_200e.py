"""MAE, ViT-B/16, 200 epochs: the baseline of HPM (Table 1) and GPA (Table 1).

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; baseline row of HPM, Table 1.
Command:  tools/dist_train.sh configs/mae/vitb_200e.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.23 fine-tuned, 50.80 linear, 29.84 k-NN.
Hardware: 8 GPUs of 32 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/datasets/imagenet.py",
    "../_base_/schedules/adamw_200e.py",
    "../_base_/default_runtime.py",
]
