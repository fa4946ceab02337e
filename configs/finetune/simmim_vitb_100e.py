"""SimMIM fine-tuned end to end on ImageNet-1K, ViT-B/16, 100 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, which gives
          rates per 512 images (1.25e-3).
Command:  tools/dist_train.sh configs/finetune/simmim_vitb_100e.py 8 --init CHECKPOINT
Figure:   ImageNet-1K top-1 of the paper: 83.8 after 800 epochs of pre-training; not measured here.
Hardware: as configs/finetune/vitb_100e.py.
"""

_base_ = "./vitb_100e.py"
model = dict(
    encoder=dict(_delete_=True, type="DenseViT", arch="base", patch_size=16, image_size=224, drop_path=0.1),
)
optim_wrapper = dict(
    optimizer=dict(lr=6.25e-4),
    paramwise_cfg=dict(layer_decay=0.65, no_decay=("cls_token",)),
)
schedule = dict(warmup_epochs=20)
