"""SimMIM, Swin-L at 192 px with windows of 12, 800 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/simmim/swinl_800e.py 8
Figure:   ImageNet-1K top-1 of the public code: 85.4 fine-tuned at 224 px with windows of 14 (85.5 in
          FastMIM, Table 3).
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16, with model.activation_checkpointing=True if that does not fit.
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
data = dict(size=192)
model = dict(encoder=dict(type="DenseSwin", arch="large", image_size="data.size", window_size="data.size/16"))
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("relative_position_bias_table", "mask_token")))
