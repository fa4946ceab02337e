"""PASS without its weights, whose predictor is trained in the first 20 epochs only. MAE, ViT-B/16, 200 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Table 4 (static-20).
Command:  tools/dist_train.sh configs/pass/mae-vitb_200e_static20.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.49 fine-tuned, in 0.61 of MAE's time (MAE: 82.22).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 256 and accumulative_counts=2 on 32 GB).
"""

_base_ = "./mae-vitb_200e.py"
model = dict(tasks=dict(predict_loss=dict(end=20 / 200)))
default_hooks = dict(selection=dict(selector=dict(tau=None, task=None)))
