"""FastMIM, Swin-B at 128 px with windows of 4, HOG, decoder 4b256d, 400 epochs.

Paper:    FastMIM, Tables 3, 4 and 11.
Command:  tools/dist_train.sh configs/fastmim/swinb_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 84.1 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseSwin",
        arch="base",
        image_size="data.size",
        window_size="data.size/32",
        mask_at="pixels",
    ),
    tasks=dict(reconstruct=dict(decoder=dict(depth=4))),
)
schedule = dict(epochs=400)
