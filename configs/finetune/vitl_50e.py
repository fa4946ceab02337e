"""Fine-tuning of a pre-trained ViT-L/16 on ImageNet-1K, 50 epochs.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S2.
          He et al. 2022, Table 9, is the same with lr=1e-3, layer_decay=0.75, drop_path=0.2.
Command:  tools/dist_train.sh configs/finetune/vitl_50e.py 8 --init work_dirs/vitl_200e/epoch_200.pth
Figure:   top-1 of the papers: 84.5 (HPM, 200 epochs of pre-training), 85.9 (MAE, 1600).
Hardware: 8 GPUs at batch 128 each, bf16.
"""

_base_ = "./vitb_100e.py"
model = dict(encoder=dict(arch="large"))
schedule = dict(epochs=50)
