"""ImageNet-1K at 128 px for pre-training: random crop of area (0.2, 1), bicubic, and flip.

JPEG files are decoded at a lower resolution where their crop allows it. 8 GPUs x 256 images = 2048, FastMIM's batch.
"""

_base_ = "./imagenet.py"
_size = 128
train_dataloader = dict(
    batch_size=256,
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadResizedCrop", scale=_size, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
