"""UperNet on ViT-B, ADE20K, 80,000 iterations at batch 16: the recipe of HPM's ablations.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, section 4.
Command:  tools/dist_train.sh configs/ade20k/upernet_vitb_80k.py 8 --init work_dirs/vitb_200e/epoch_200.pth
Figure:   ADE20K val mIoU of the paper: 42.09 (MAE 40.49) after 200 epochs of pre-training. GPA, Table 2: 44.3 (teacher
          and feature), 41.6 (teacher), MAE 40.5.
Hardware: 8 GPUs of 24 GB at batch 2 each, bf16.
"""

_base_ = "./upernet_vitb_160k.py"
schedule = dict(iterations=80000, val_interval=8000)
