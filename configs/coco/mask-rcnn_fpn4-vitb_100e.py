"""Mask R-CNN with an FPN over four taps of a ViT-B, COCO, 100 epochs at batch 64, cosine.

Paper:    Li et al., Benchmarking Detection Transfer Learning with Vision Transformers, 2021; recipe of MIMDet's public
          reproduction. FastMIM's row: configs/coco/mask-rcnn_fpn4-vitb_100e_fastmim.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_fpn4-vitb_100e.py 8 --init mae_pretrain_vit_base.pth
Figure:   COCO val box / mask AP of the reproduction, from MAE: 50.4 / 44.9.
Hardware: 8 GPUs of 80 GB at batch 8 each, bf16.
"""

_base_ = [
    "../_base_/models/mask-rcnn_fpn4-vit-base.py",
    "../_base_/data/transfer/coco.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(encoder=dict(image_size=_base_._size)),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
train_dataloader = dict(batch_size=8)
auto_scale_lr = dict(base_batch_size=64)
