"""Fine-tuning of a ViT-B/16 on ImageNet-1K by the recipe of AMT's public code, 100 epochs, for AM and AMT.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023; its README: base rate
          1e-3, layer decay 0.75, drop path 0.1, batch 1024.
Command:  tools/dist_train.sh configs/finetune/amt_vitb_100e.py 8 --init CHECKPOINT
Figure:   top-1 after 400 epochs of pre-training, as quoted by SBAM (Table 2): 82.5 (AM), 82.8 (AMT).
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
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.75, no_decay=("cls_token", "positions")))
