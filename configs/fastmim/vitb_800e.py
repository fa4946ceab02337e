"""FastMIM, ViT-B/16 at 128 px, HOG, 800 epochs.

Paper:    FastMIM, Tables 3, 4 and 11.
Command:  tools/dist_train.sh configs/fastmim/vitb_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.8 fine-tuned.
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
        arch="base",
        patch_size=16,
        image_size="data.size",
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
)
