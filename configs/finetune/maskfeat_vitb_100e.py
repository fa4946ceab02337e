"""MaskFeat's ViT-B/16 fine-tuned end to end on ImageNet-1K, 100 epochs.

Paper:    Wei et al., Masked Feature Prediction for Self-Supervised Visual Pre-Training, 2022; recipe of mmpretrain,
          whose figure this is: a colour jitter beside RandAugment, a warm-up of 20 epochs.
Command:  tools/dist_train.sh configs/finetune/maskfeat_vitb_100e.py 8 --init work_dirs/maskfeat/vitb_300e/epoch_300.pth
Figure:   ImageNet-1K top-1 of mmpretrain: 83.4 after 300 epochs of pre-training. The paper's 84.0 take 1600 epochs.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(
    augment=["randaugment", dict(type="ColorJitter", brightness=0.4, contrast=0.4, saturation=0.4), "erasing"],
)
model = dict(
    encoder=dict(
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size="data.size",
        drop_path=0.1,
        layer_scale=None,
        positions="learned",
        init="normal",
    ),
)
train_dataloader = dict(batch_size=256)
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token", "positions")))
# MMEngine's floor is the same for all layers; its warm-up begins at 1e-4 of the peak, here at 0
schedule = dict(warmup_epochs=20, scale_limits=False)
