"""SimMIM, ViT-B/16 at 224 px, 800 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/simmim/vitb_800e.py 8
Figure:   ImageNet-1K top-1 of the public code: 83.8 fine-tuned; 56.7 linear in its paper.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
