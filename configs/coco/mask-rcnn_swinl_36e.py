"""Mask R-CNN with an FPN on Swin-L with windows of 14, COCO, 36 epochs at batch 32.

Paper:    FastMIM, Tables 5 and 13, which has starts from weights fine-tuned on ImageNet only
          (configs/finetune/swinl_100e.py).
Command:  tools/dist_train.sh configs/coco/mask-rcnn_swinl_36e.py 8 --init work_dirs/finetune/swinl_100e/epoch_100.pth
Figure:   COCO val box / mask AP of the paper: 53.2 / 46.9 (FastMIM-P: 53.6 / 47.2, SimMIM: 53.7 / 47.2).
Hardware: 8 GPUs of 40 GB at batch 4 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = "./mask-rcnn_swinb_36e.py"
model = dict(
    backbone=dict(encoder=dict(arch="large", window_size=14, drop_path=0.3)),
    neck=dict(in_channels=[192, 384, 768, 1536]),
)
