"""FastMIM, HOG at 32 px, a micro ConvNeXt on CIFAR-10.

Paper:    FastMIM, scaled down.
Command:  python tools/train.py configs/cifar10/fastmim_convnext-micro.py --seed 0
Figure:   none in the paper; the run measures k-NN itself (metrics.json in its work folder).
Hardware: any; one GPU or 2 CPU cores.
"""

_base_ = [
    "../_base_/models/fastmim_micro.py",
    "../_base_/data/cifar10.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseBackbone",
        backbone="convnext_atto",
        options=dict(patch_size=1, depths=(1, 1, 4, 1), dims=(16, 32, 64, 128)),
        image_size="data.size",
    ),
)
