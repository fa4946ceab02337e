"""MAE's own fine-tuning of a ViT-H/14 on ImageNet-1K, 50 epochs.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; the command of its public code
          (FINETUNE page), whose drop path differs from the paper's Table 9 (0.1).
Command:  tools/dist_train.sh configs/finetune/mae_vith_50e.py 8 --init work_dirs/mae/vith_1600e/epoch_1600.pth
Figure:   top-1 of the paper: 86.9 (MAE, 1600 epochs of pre-training).
Hardware: 8 GPUs of 80 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="SparseViT", arch="huge", patch_size=14, image_size="data.size", positions="learned", drop_path=0.3
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.75, no_decay=("cls_token", "positions")))
schedule = dict(epochs=50)
