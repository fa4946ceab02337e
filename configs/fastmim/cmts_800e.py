"""FastMIM, CMT-S at 128 px, HOG, 800 epochs.

Paper:    FastMIM, Table 4; its decoder is not told, 4b256d is the default of its code.
Command:  tools/dist_train.sh configs/fastmim/cmts_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.9 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(type="DenseBackbone", backbone=dict(type="CMT", arch="small"), image_size="data.size", add_norm=True),
    tasks=dict(reconstruct=dict(decoder=dict(depth=4))),
)
