"""FastMIM, Swin-L at 128 px with windows of 8, HOG, decoder 4b512d, 400 epochs.

Paper:    FastMIM, Tables 3 and 11, whose "step (Xie et al.)" is SimMIM's: the rate times 0.1 at 7/8 of the epochs
          (schedule.steps=None makes it a cosine, as for the other backbones).
Command:  tools/dist_train.sh configs/fastmim/swinl_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.2 fine-tuned.
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
        arch="large",
        image_size="data.size",
        window_size="data.size/16",
        mask_at="pixels",
    ),
    neck=dict(width=512),
    tasks=dict(reconstruct=dict(decoder=dict(depth=4))),
)
schedule = dict(epochs=400, steps=[350])
