"""Fine-tuning on CIFAR-100 of a ViT-B/16 that was pre-trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of MAE" and nothing of images and batches. Ours: the whole image at 224 px (crops
          of it in training), ImageNet's mean and deviation, batch MAE's 1024; the rest is MAE's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/cifar100_vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 87.1 (MAE), 86.4 (BSS), 87.7 (PASS).
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(
    train=dict(data_root="data/cifar100/train"),
    test=dict(data_root="data/cifar100/test"),
    classes=100,
    center_crop=1.0,  # the whole image
)
model = dict(
    encoder=dict(
        type="SparseViT", arch="base", patch_size=16, image_size="data.size", positions="learned", drop_path=0.1
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token", "positions")))
