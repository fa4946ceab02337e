"""Fine-tuning of FastMIM's CMT-B on ImageNet-1K, 200 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/cmtb_200e.py 8 --init work_dirs/fastmim/cmtb_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 85.0 after 800 epochs of pre-training.
Hardware: 8 GPUs of 32 GB at batch 128 each, bf16.
"""

_base_ = "./cmts_200e.py"
model = dict(encoder=dict(backbone=dict(arch="base")))
