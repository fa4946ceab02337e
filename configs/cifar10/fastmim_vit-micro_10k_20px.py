"""FastMIM, HOG at 20 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_vit-micro_10k_20px.py --seed 0
Figure:   none in the paper; see docs/cifar10.md for what three seeds gave.
Hardware: any; 2 CPU cores.
"""

_base_ = "./fastmim_vit-micro_10k.py"
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=20, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
