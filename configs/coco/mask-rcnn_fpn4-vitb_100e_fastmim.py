"""Mask R-CNN with an FPN over four taps of a ViT-B, COCO, 100 epochs at batch 32, cosine: FastMIM's MAE setting.

Paper:    FastMIM, Tables 5 and 13; see configs/coco/mask-rcnn_fpn4-vitb_25e_fastmim.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_fpn4-vitb_100e_fastmim.py 8 \
              --init work_dirs/fastmim/vitb_800e/epoch_800.pth
Figure:   COCO val box / mask AP of the paper: 50.7 / 45.1 (MAE: 50.3 / 44.9).
Hardware: 8 GPUs of 40 GB at batch 4 each, bf16.
"""

_base_ = "./mask-rcnn_fpn4-vitb_25e_fastmim.py"
schedule = dict(epochs=100, val_interval=10)
