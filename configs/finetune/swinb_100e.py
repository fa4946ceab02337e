"""Fine-tuning of FastMIM's Swin-B on ImageNet-1K, 100 epochs, windows of 7.

Paper:    FastMIM, Table 12. As in its public code, tables of relative positions decay; SimMIM exempts them
          (optim_wrapper.paramwise_cfg.no_decay="['relative_position_bias_table']").
Command:  tools/dist_train.sh configs/finetune/swinb_100e.py 8 --init work_dirs/fastmim/swinb_400e/epoch_400.pth
Figure:   ImageNet-1K top-1 of the paper: 84.1 after 400 epochs of pre-training; 84.3 after pre-training at 448 px
          (configs/fastmim/ablations/table8_swinb.py:448px).
Hardware: 8 GPUs of 24 GB at batch 128 each, bf16.
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
        mask_at="pixels",
    ),
    norm=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
