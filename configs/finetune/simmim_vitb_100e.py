"""SimMIM fine-tuned end to end on ImageNet-1K, ViT-B/16, 100 epochs: relative positions of every block's own.

Each block starts with a copy of the table that all of them share in pre-training, and learns it at its own rate.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code: rates
          per 512 images (1.25e-3, from and to 2.5e-7), gradients clipped at 5, timm's cosine, which counts the warm-up.
Command:  tools/dist_train.sh configs/finetune/simmim_vitb_100e.py 8 --init work_dirs/simmim/vitb_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 83.8 after 800 epochs of pre-training; of PASS after 200: 81.5 (SimMIM), 82.1.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
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
