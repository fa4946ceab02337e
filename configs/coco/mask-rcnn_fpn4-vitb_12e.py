"""Mask R-CNN with an FPN over four taps of a ViT-B, COCO, 12 epochs at batch 16.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, section 4, by its text: blocks in four
          subsets, each ending with global attention, and a pyramid of their outputs. Rate, decay and steps are those of
          configs/coco/mask-rcnn_vitdet-b_12e.py, so that the two readings differ in the architecture alone.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_fpn4-vitb_12e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   none for this reading alone. GPA's 33.0 / 29.8 (MAE), 33.3 / 30.1 and 34.5 / 31.1 are about 8 AP below what
          HPM and PASS print for MAE (configs/coco/mask-rcnn_vitdet-b_12e.py): compare with GPA's own MAE row only.
Hardware: 8 GPUs of 32 GB at batch 2 each, bf16.
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
optim_wrapper = dict(
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.7, no_decay=("positions",)),
    optimizer=dict(lr=1e-4),
)
schedule = dict(epochs=12, warmup_epochs=0.0338, warmup_lr=1e-7, steps=[10.667, 11.556], gamma=0.1, val_interval=4)
auto_scale_lr = dict(base_batch_size=64)
