"""ViTDet Mask R-CNN, ViT-L, COCO, 12 epochs at batch 16.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; shortened as in
          configs/coco/mask-rcnn_vitdet-b_12e.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-l_12e.py 8 --init work_dirs/hpm/vitl_200e/epoch_200.pth
Figure:   none in the papers.
Hardware: 8 GPUs of 80 GB at batch 2 each, bf16; model.backbone.activation_checkpointing=True saves memory.
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
schedule = dict(epochs=12, warmup_epochs=0.0338, steps=[10.667, 11.556], val_interval=4)
auto_scale_lr = dict(base_batch_size=64)
