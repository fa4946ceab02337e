"""FastMIM-P, HOG at 16, 24 and 32 px, a micro ViT on every fifth training image of CIFAR-10, 6 epochs.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim-p_vit-micro_10k.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_micro.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="micro",
        patch_size=4,
        image_size="data.size",
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
)
# ten thousand images for a few epochs: what 2 CPU cores train in minutes
optim_wrapper = dict(optimizer=dict(lr=4e-3))
schedule = dict(
    epochs=6,
    warmup_epochs=1,
    stages=[dict(epoch=0, size=16), dict(epoch=2, size=24), dict(epoch=4, size=32)],
)
