"""SimMIM, Swin-B at 192 px with windows of 6, 800 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/simmim/swinb_800e.py 8
Figure:   ImageNet-1K top-1 of the public code: 84.0 fine-tuned at 224 px.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = [
    "../_base_/models/simmim_swin-base.py",
    "../_base_/datasets/imagenet.py",
    "../_base_/schedules/simmim_800e.py",
    "../_base_/default_runtime.py",
]
_size = 192
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
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("relative_position_bias_table", "mask_token")))
