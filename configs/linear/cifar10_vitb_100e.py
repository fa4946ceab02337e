"""Linear probe on CIFAR-10 of a ViT-B/16 that was pre-trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of MAE" and nothing of images and batches; its ImageNet column (50.8) is what
          HPM's probe gives. Ours: that probe, the whole image at 224 px (crops of it in training), ImageNet's mean and
          deviation, batch 256, base rate 0.1 as in configs/linear/cifar10_vit-micro.py.
Command:  python tools/train.py configs/linear/cifar10_vitb_100e.py --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 84.8 (MAE), 82.6 (BSS), 85.6 (PASS).
Hardware: one GPU at batch 256, bf16.
"""

_base_ = [
    "../_base_/recipes/linear_sgd.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(
    train=dict(data_root="data/cifar10/train"),
    test=dict(data_root="data/cifar10/test"),
    classes=10,
    center_crop=1.0,  # the whole image
    augment=[],
)
model = dict(encoder=dict(type="SparseViT", arch="base", patch_size=16))
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(optimizer=dict(lr=0.1))
