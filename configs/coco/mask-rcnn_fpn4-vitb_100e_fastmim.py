"""Mask R-CNN with an FPN over four taps of a ViT-B, COCO, 100 epochs at batch 32, cosine: FastMIM's MAE setting.

Paper:    FastMIM, Tables 5 and 13; see configs/coco/mask-rcnn_fpn4-vitb_25e_fastmim.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_fpn4-vitb_100e_fastmim.py 8 \
              --init work_dirs/fastmim/vitb_800e/epoch_800.pth
Figure:   COCO val box / mask AP of the paper: 50.7 / 45.1 (MAE: 50.3 / 44.9).
Hardware: 8 GPUs of 40 GB at batch 4 each, bf16.
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
train_dataloader = dict(batch_size=4)
schedule = dict(warmup_epochs=0.4093)  # of 117,266 images
auto_scale_lr = dict(base_batch_size=32)
