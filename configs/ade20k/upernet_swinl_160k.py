"""UperNet on Swin-L with windows of 14, ADE20K, 160,000 iterations at batch 16.

Paper:    FastMIM has no Swin-L here: the recipe of configs/ade20k/upernet_swinb_160k.py, with the drop path of its
          Swin-L detector.
Command:  tools/dist_train.sh configs/ade20k/upernet_swinl_160k.py 8 --init work_dirs/finetune/swinl_100e/epoch_100.pth
Figure:   none in the papers.
Hardware: 8 GPUs of 40 GB at batch 2 each, bf16.
"""

_base_ = "./upernet_swinb_160k.py"
model = dict(
    backbone=dict(encoder=dict(arch="large", window_size=14, drop_path=0.3)),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
