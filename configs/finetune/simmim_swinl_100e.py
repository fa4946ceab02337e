"""SimMIM fine-tuned end to end on ImageNet-1K, Swin-L at 224 px with windows of 14, 100 epochs.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, see
          configs/finetune/simmim_swinb_100e.py.
Command:  tools/dist_train.sh configs/finetune/simmim_swinl_100e.py 8 --init work_dirs/simmim/swinl_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the public code: 85.4 after 800 epochs of pre-training at 192 px.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16, with model.activation_checkpointing=True if that does not fit.
"""

_base_ = "./simmim_swinb_100e.py"
model = dict(encoder=dict(arch="large", window_size=14, drop_path=0.2))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.7))
