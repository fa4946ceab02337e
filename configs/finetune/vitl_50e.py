"""Fine-tuning of a pre-trained ViT-L/16 on ImageNet-1K, 50 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S2.
          MAE's own recipe, with another rate, layer decay and drop path, is configs/finetune/mae_vitl_50e.py.
Command:  tools/dist_train.sh configs/finetune/vitl_50e.py 8 --init work_dirs/hpm/vitl_200e/epoch_200.pth
Figure:   top-1 of the paper: 84.5 after 200 epochs of pre-training, 85.8 after 800.
Hardware: 8 GPUs of 32 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="SparseViT", arch="large", patch_size=16, image_size="data.size", positions="learned", drop_path=0.1
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "positions")))
schedule = dict(epochs=50)
