"""SimMIM fine-tuned end to end on ImageNet-1K, Swin-B at 224 px with windows of 7, 100 epochs.

Tables of windows of 6 become those of 7 on a geometric progression of distances, as in the public code.

Paper:    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; recipe of its public code, see
          configs/finetune/simmim_vitb_100e.py; layer decay 0.8 as after 800 epochs of pre-training.
Command:  tools/dist_train.sh configs/finetune/simmim_swinb_100e.py 8 --init work_dirs/simmim/swinb_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the public code: 84.0 after 800 epochs of pre-training at 192 px.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or 16 of 32 GB at batch 128 each, as the public code has it).
"""

_base_ = "./simmim_vitb_100e.py"
model = dict(
    encoder=dict(_delete_=True, type="DenseSwin", arch="base", image_size=224, window_size=7, drop_path=0.1),
    norm=None,
    head_std=0.02,
)
optim_wrapper = dict(
    paramwise_cfg=dict(_delete_=True, layer_decay=0.8, no_decay=("relative_position_bias_table",)),
)
