"""SimMIM, ViT-B/16 at 224 px, 800 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/simmim/vitb_800e.py 8
Figure:   ImageNet-1K top-1 of the public code: 83.8 fine-tuned; 56.7 linear in its paper.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/simmim_vit-base.py",
    "../_base_/datasets/imagenet.py",
    "../_base_/schedules/simmim_800e.py",
    "../_base_/default_runtime.py",
]
_size = 224
model = dict(encoder=dict(image_size=_size))
train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=_size, crop_ratio_range=(0.67, 1.0), interpolation="bilinear"),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
