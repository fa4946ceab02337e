"""Fine-tuning on ImageNet-1K of the ViT-B/16 that AMT trains on SimMIM, 100 epochs.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023; recipe of its public
          code: SimMIM's, with a learned table of positions in place of those in the attention.
Command:  tools/dist_train.sh configs/finetune/amt_simmim-vitb_100e.py 8 --init CHECKPOINT
Figure:   none in the papers that this toolbox follows.
Hardware: as configs/finetune/simmim_vitb_100e.py.
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
        positions="learned",
    ),
)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(
    clip_grad=dict(max_norm=5.0),
    optimizer=dict(lr=6.25e-4),
    paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token", "positions")),
)
# warmup_lr and min_lr are absolute here: 2.5e-7 per 512 images at batch 2048, the same for all layers
schedule = dict(warmup_epochs=20, warmup_lr=1e-6, min_lr=1e-6, counts_warmup=True, scale_limits=False)
load_options = dict(position_tables="geometric")
