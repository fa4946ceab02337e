"""FastMIM, ViT-L/16 at 128 px, HOG, decoder 8b512d, 800 epochs.

Paper:    FastMIM, Table 3.
Command:  tools/dist_train.sh configs/fastmim/vitl_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.1 fine-tuned (85.0 in Table 7).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="large",
        patch_size=16,
        image_size="data.size",
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
    neck=dict(width=512),
    tasks=dict(reconstruct=dict(decoder=dict(depth=8))),
)
