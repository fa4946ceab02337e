"""MAE's own fine-tuning of a ViT-B/16 on ImageNet-1K, 100 epochs; PASS fine-tunes as MAE does.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022; the command of its public code
          (FINETUNE page), whose layer decay differs from the paper's Table 9 (0.75, base rate 1e-3).
Command:  tools/dist_train.sh configs/finetune/mae_vitb_100e.py 8 --init work_dirs/mae/vitb_1600e/epoch_1600.pth
Figure:   top-1 of the paper: 83.6 (MAE, 1600 epochs of pre-training; the page's four runs: 83.57, deviation 0.08). Of
          mmpretrain after 400, 800 and 1600 epochs: 83.3, 83.3, 83.5. Of PASS after 200: 82.2 (MAE), 82.9 (PASS).
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
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token", "positions")))
