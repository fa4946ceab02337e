"""MAE's own fine-tuning of a ViT-L/16 on ImageNet-1K, 50 epochs; SBAM's public command is the same.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; the command of its public code
          (FINETUNE page), whose drop path differs from the paper's Table 9 (0.1).
Command:  tools/dist_train.sh configs/finetune/mae_vitl_50e.py 8 --init work_dirs/mae/vitl_1600e/epoch_1600.pth
Figure:   top-1 of the paper: 85.9 (MAE, 1600 epochs of pre-training; the page's four runs: 85.87, deviation 0.07). Of
          mmpretrain after 400, 800 and 1600 epochs: 85.2, 85.4, 85.7. Of SBAM at epoch 400 of 800: 84.3 (MAE), 85.1.
Hardware: 8 GPUs of 32 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="SparseViT", arch="large", patch_size=16, image_size="data.size", positions="learned", drop_path=0.2
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.75, no_decay=("cls_token", "positions")))
schedule = dict(epochs=50)
