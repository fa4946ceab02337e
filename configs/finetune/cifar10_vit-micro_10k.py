"""Fine-tuning of a micro ViT on every fifth training image of CIFAR-10, 3 epochs, no mixup or CutMix.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/finetune/cifar10_vit-micro_10k.py \
              --init work_dirs/cifar10/hpm_vit-micro_10k/epoch_6.pth
Figure:   none in the papers; see docs/cifar10.md for what three seeds gave.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/cifar10_10k.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=["randaugment"])
model = dict(
    encoder=dict(
        type="SparseViT", arch="micro", patch_size=4, image_size="data.size", positions="learned", drop_path=0.1
    ),
    mixup=0.0,
    cutmix=0.0,
)
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=4e-3), paramwise_cfg=dict(no_decay=("cls_token", "positions")))
schedule = dict(epochs=3, warmup_epochs=1)
