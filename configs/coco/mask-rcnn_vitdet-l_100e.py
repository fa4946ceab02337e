"""ViTDet Mask R-CNN, ViT-L, COCO, 100 epochs at batch 64.

Paper:    Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022; recipe of its public code.
Command:  tools/slurm_train.sh PARTITION configs/coco/mask-rcnn_vitdet-l_100e.py 32 --init mae_pretrain_vit_large.pth
Figure:   COCO val box / mask AP of the public code, from MAE: 55.5 / 49.2.
Hardware: 32 GPUs of 80 GB at batch 2 each, bf16; model.backbone.activation_checkpointing=True saves memory.
"""

_base_ = "./mask-rcnn_vitdet-l_12e.py"
schedule = dict(epochs=100, warmup_epochs=0.1356, steps=[88.889, 96.296], val_interval=10)
