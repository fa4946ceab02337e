"""Fine-tuning on CIFAR-10 of a ViT-B/16 that SimMIM trained on ImageNet-1K, 100 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 1, which says "in
          accordance with the setting of simMIM" and nothing of images and batches. Ours: the whole image at 224 px
          (crops of it in training), ImageNet's mean and deviation; the rest is SimMIM's recipe for ImageNet.
Command:  tools/dist_train.sh configs/finetune/cifar10_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 of the paper after 200 epochs of pre-training: 95.0 (SimMIM), 94.6 (BSS), 97.1 (PASS).
Hardware: as configs/finetune/simmim_vitb_100e.py.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(
    train=dict(data_root="data/cifar10/train"),
    test=dict(data_root="data/cifar10/test"),
    classes=10,
    center_crop=1.0,  # the whole image
)
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size="data.size",
        drop_path=0.1,
        relative_sharing="block",
    ),
)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(
    clip_grad=dict(max_norm=5.0),
    optimizer=dict(lr=6.25e-4),
    paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token",)),
)
# warmup_lr and min_lr are absolute here: 2.5e-7 per 512 images at batch 2048, the same for all layers
schedule = dict(warmup_epochs=20, warmup_lr=1e-6, min_lr=1e-6, counts_warmup=True, scale_limits=False)
load_options = dict(position_tables="geometric")
