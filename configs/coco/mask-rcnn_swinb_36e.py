"""Mask R-CNN with an FPN on Swin-B, COCO, 36 epochs at batch 32, large-scale jitter and copy-paste.

Paper:    FastMIM, Tables 5 and 13 and its public config, which warms up for 1000 iterations
          (schedule.warmup_epochs=0.2729). GreenMIM's setting: configs/coco/mask-rcnn_swinb_36e_greenmim.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_swinb_36e.py 8 --init work_dirs/finetune/swinb_100e/epoch_100.pth
          from weights fine-tuned on ImageNet (configs/finetune/swinb_100e.py), as SimMIM and the public config start;
          from pre-training alone: --init work_dirs/fastmim/swinb_400e/epoch_400.pth
Figure:   COCO val box / mask AP of the paper: 52.2 / 46.1 fine-tuned (SimMIM: 52.3 / 46.1); 51.9 / 45.8 from
          pre-training.
Hardware: 8 GPUs of 80 GB at batch 4 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = [
    "../_base_/models/mask-rcnn_swin-base.py",
    "../_base_/data/transfer/coco_copy-paste.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(**_base_._statistics),
    backbone=dict(encoder=dict(image_size=_base_._size)),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
train_dataloader = dict(batch_size=4)
auto_scale_lr = dict(base_batch_size=32)
