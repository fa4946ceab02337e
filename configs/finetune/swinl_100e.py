"""Fine-tuning of FastMIM's Swin-L on ImageNet-1K, 100 epochs, windows of 14.

Paper:    FastMIM, Table 12 and appendix A.3.2.
Command:  tools/dist_train.sh configs/finetune/swinl_100e.py 8 --init work_dirs/fastmim/swinl_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 85.4 after 800 epochs of pre-training, 85.5 after 400 of FastMIM-P.
Hardware: 8 GPUs of 32 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="DenseSwin",
        arch="large",
        image_size="data.size",
        window_size="data.size/16",
        drop_path=0.3,
        mask_at="pixels",
    ),
    norm=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.75))
