"""PASS without its weights: the plain mean of the losses under the predictor's mask. MAE, ViT-B/16, 200 epochs.

Nothing but the weights differs from configs/pass/mae-vitb_200e.py: the predictor is trained in the same 30 epochs.

Paper:    Zhuge et al., Patch-Aware Sample Selection for Efficient Masked Image Modeling, 2024, Figure 5 and Table 4
          (DTMP).
Command:  tools/dist_train.sh configs/pass/mae-vitb_200e_dtmp-only.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.71 fine-tuned, in 0.59 of MAE's time (MAE: 82.22).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 256 and accumulative_counts=2 on 32 GB).
"""

_base_ = "./mae-vitb_200e.py"
default_hooks = dict(selection=dict(selector=dict(tau=None)))
