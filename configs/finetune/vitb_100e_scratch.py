"""ViT-B/16 from scratch on ImageNet-1K by HPM's fine-tuning recipe, 100 epochs: its supervised baseline.

Weights start as timm's, which its public code takes over: normal(0, 0.02), learned positions included.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 6 ("scratch") and supplement A.1: the
          fine-tuning setting without another tuning.
Command:  tools/dist_train.sh configs/finetune/vitb_100e_scratch.py 8
Figure:   top-1 of the paper: 80.9. Its 82.6 of a ViT-L is MAE's: configs/finetune/vitl_200e_scratch.py.
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="SparseViT",
        arch="base",
        patch_size=16,
        image_size="data.size",
        positions="learned",
        drop_path=0.1,
        init="normal",
    ),
    head_std=0.02,
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "positions")))
load_options = dict(scratch=True)
