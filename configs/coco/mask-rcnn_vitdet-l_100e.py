"""ViTDet Mask R-CNN, ViT-L, COCO, 100 epochs at batch 64.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; recipe of its public code.
Command:  tools/slurm_train.sh PARTITION configs/coco/mask-rcnn_vitdet-l_100e.py 32 --init mae_pretrain_vit_large.pth
Figure:   COCO val box / mask AP of the public code, from MAE: 55.5 / 49.2.
Hardware: 32 GPUs of 80 GB at batch 2 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = [
    "../_base_/models/mask-rcnn_vitdet-base.py",
    "../_base_/data/transfer/coco.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(image_size=_base_._size, encoder=dict(arch="large", drop_path=0.4), global_blocks=(5, 11, 17, 23)),
    neck=dict(in_channels=1024),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.8))
auto_scale_lr = dict(base_batch_size=64)
