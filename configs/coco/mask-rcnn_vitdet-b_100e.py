"""ViTDet Mask R-CNN, ViT-B, COCO, 100 epochs at batch 64.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; recipe of its public code.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-b_100e.py 8 --init mae_pretrain_vit_base.pth
Figure:   COCO val box / mask AP of the public code, from MAE: 51.6 / 45.9.
Hardware: 8 GPUs of 80 GB at batch 8 each, bf16; with less memory, 64 GPUs at batch 1.
"""

_base_ = "./mask-rcnn_vitdet-b_12e.py"
train_dataloader = dict(batch_size=8)
schedule = dict(epochs=100, warmup_epochs=0.1356, steps=[88.889, 96.296], val_interval=10)
