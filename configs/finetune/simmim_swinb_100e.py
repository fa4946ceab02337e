"""SimMIM fine-tuned end to end on ImageNet-1K, Swin-B at 224 px with windows of 7, 100 epochs.

Tables of windows of 6 become those of 7 on a geometric progression of distances, as in the public code.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, see
          configs/finetune/simmim_vitb_100e.py; layer decay 0.8 as after 800 epochs of pre-training.
Command:  tools/dist_train.sh configs/finetune/simmim_swinb_100e.py 8 --init work_dirs/simmim/swinb_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the public code: 84.0 after 800 epochs of pre-training at 192 px.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="DenseSwin",
        arch="base",
        image_size="data.size",
        window_size="data.size/32",
        drop_path=0.1,
    ),
    norm=None,
    head_std=0.02,
)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(
    clip_grad=dict(max_norm=5.0),
    optimizer=dict(lr=6.25e-4),
    paramwise_cfg=dict(layer_decay=0.8, no_decay=("relative_position_bias_table",)),
)
# warmup_lr and min_lr are absolute here: 2.5e-7 per 512 images at batch 2048, the same for all layers
schedule = dict(warmup_epochs=20, warmup_lr=1e-6, min_lr=1e-6, counts_warmup=True, scale_limits=False)
load_options = dict(position_tables="geometric")
