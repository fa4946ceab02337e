"""Fine-tuning of ViT-B/16, validated with the moving average of its weights.

Paper:    none of them does; the average is timm's model EMA, momentum 1e-4.
Command:  tools/dist_train.sh configs/finetune/vitb_100e_ema.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   none.
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = "./vitb_100e.py"
default_hooks = dict(ema=dict(type="EMAHook", momentum=1e-4))
