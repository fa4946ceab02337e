"""Mask R-CNN with an FPN on Swin-L with windows of 14, COCO, 36 epochs at batch 32.

Paper:    FastMIM, Tables 5 and 13, which has starts from weights fine-tuned on ImageNet only
          (configs/finetune/swinl_100e.py).
Command:  tools/dist_train.sh configs/coco/mask-rcnn_swinl_36e.py 8 --init work_dirs/finetune/swinl_100e/epoch_100.pth
Figure:   COCO val box / mask AP of the paper: 53.2 / 46.9 (FastMIM-P: 53.6 / 47.2, SimMIM: 53.7 / 47.2).
Hardware: 8 GPUs of 40 GB at batch 4 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = [
    "../_base_/models/mask-rcnn_swin-base.py",
    "../_base_/data/transfer/coco_copy-paste.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(**_base_._statistics),
    backbone=dict(encoder=dict(arch="large", image_size=_base_._size, window_size=14, drop_path=0.3)),
    neck=dict(in_channels=[192, 384, 768, 1536]),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
train_dataloader = dict(batch_size=4)
auto_scale_lr = dict(base_batch_size=32)
