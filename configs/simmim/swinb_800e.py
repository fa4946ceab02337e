"""SimMIM, Swin-B at 192 px with windows of 6, 800 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/simmim/swinb_800e.py 8
Figure:   ImageNet-1K top-1 of the public code: 84.0 fine-tuned at 224 px.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
data = dict(size=192)
model = dict(encoder=dict(type="DenseSwin", arch="base", image_size="data.size", window_size="data.size/32"))
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("relative_position_bias_table", "mask_token")))
