"""SimMIM, Swin-B at 192 px with windows of 6, 100 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, timm's
          cosine, which counts the warm-up, included.
Command:  tools/dist_train.sh configs/simmim/swinb_100e.py 8
Figure:   ImageNet-1K top-1 of the public code: 82.8 fine-tuned at 192 px, 83.5 at 224 px
          (configs/finetune/simmim_swinb_100e_192px.py and simmim_swinb_100e_from100.py).
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
data = dict(size=192)
model = dict(encoder=dict(type="DenseSwin", arch="base", image_size="data.size", window_size="data.size/32"))
# per 512 images the public code has 2e-4, from 1e-6 and to 1e-5; the last two are absolute here, for batch 2048
optim_wrapper = dict(
    optimizer=dict(lr=1e-4), paramwise_cfg=dict(no_decay=("relative_position_bias_table", "mask_token"))
)
schedule = dict(_delete_=True, epochs=100, warmup_epochs=10, warmup_lr=4e-6, min_lr=4e-5, counts_warmup=True)
