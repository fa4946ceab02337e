"""ViTDet Mask R-CNN, ViT-L, COCO, 12 epochs at batch 16.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; shortened as in
          configs/coco/mask-rcnn_vitdet-b_12e.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-l_12e.py 8 --init work_dirs/hpm/vitl_200e/epoch_200.pth
Figure:   none in the papers.
Hardware: 8 GPUs of 80 GB at batch 2 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = "./mask-rcnn_vitdet-b_12e.py"
model = dict(
    backbone=dict(encoder=dict(arch="large", drop_path=0.4), global_blocks=(5, 11, 17, 23)),
    neck=dict(in_channels=1024),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.8))
