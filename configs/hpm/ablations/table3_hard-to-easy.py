"""HPM ablation: a falling share of hard patches.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 3 (hard-to-easy).
Command:  tools/dist_train.sh configs/hpm/ablations/table3_hard-to-easy.py 8
Figure:   ImageNet-1K top-1 of the paper: 81.71 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(alpha_start=0.5, alpha_end=0.0)))
