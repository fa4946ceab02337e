"""Fine-tuning of a micro ViT on every fifth training image of CIFAR-10, 3 epochs, no mixup or CutMix.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023; its recipe scaled down.
Command:  python tools/train.py configs/finetune/cifar10_vit-micro_10k.py \
              --init work_dirs/cifar10/hpm_vit-micro_10k/epoch_6.pth
Figure:   none in the papers; see docs/cifar10.md for what three seeds gave.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/vit-base_finetune.py",
    "../_base_/datasets/cifar10_10k_labelled.py",
    "../_base_/schedules/finetune.py",
    "../_base_/classification_runtime.py",
]
model = dict(
    data_preprocessor=dict(type="ImagePreprocessor", **_base_._statistics),
    encoder=dict(image_size=_base_._size, arch="micro", patch_size=4),
    num_classes=_base_._num_classes,
    mixup=0.0,
    cutmix=0.0,
)
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=_base_._finetune)))
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=4e-3))
schedule = dict(epochs=3, warmup_epochs=1)
