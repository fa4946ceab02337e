"""Fine-tuning of FastMIM's ViT-B/16 on ImageNet-1K, 100 epochs.

Paper:    FastMIM, Table 12; its public command has lr 6e-4.
Command:  tools/dist_train.sh configs/finetune/fastmim_vitb_100e.py 8 --init work_dirs/fastmim/vitb_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 83.8 after 800 epochs of pre-training.
Hardware: as configs/finetune/vitb_100e.py.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="SparseViT", arch="base", patch_size=16, image_size="data.size", positions="learned", drop_path=0.1
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.7, no_decay=("cls_token", "positions")))
