"""Fine-tuning of a pre-trained ViT-B/16 on ImageNet-1K, 100 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S2.
          MAE's own recipe, with layer decay 0.65, is configs/finetune/mae_vitb_100e.py.
Command:  tools/dist_train.sh configs/finetune/vitb_100e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   top-1 after 200 epochs of pre-training: 82.95 (HPM; 84.2 after 800), 82.23 (MAE, as HPM and GPA report it),
          83.2 (GPA).
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
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
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "positions")))
