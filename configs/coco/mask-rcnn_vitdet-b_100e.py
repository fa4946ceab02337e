"""ViTDet Mask R-CNN, ViT-B, COCO, 100 epochs at batch 64.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-b_100e.py 8 --init mae_pretrain_vit_base.pth
Figure:   COCO val box / mask AP of the public code, from MAE: 51.6 / 45.9.
Hardware: 8 GPUs of 80 GB at batch 8 each, bf16; with less memory, 64 GPUs at batch 1.
"""

_base_ = [
    "../_base_/models/mask-rcnn_vitdet-base.py",
    "../_base_/data/transfer/coco.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(image_size=_base_._size),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
train_dataloader = dict(batch_size=8)
auto_scale_lr = dict(base_batch_size=64)
