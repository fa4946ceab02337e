"""HPM ablation: mask ratio 0.75, share of hard patches from 0 to 1.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 2 (gamma 75, alpha 0 to 1).
Command:  tools/dist_train.sh configs/hpm/ablations/table2_gamma75_alpha0-1.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.67 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(alpha_start=0.0, alpha_end=1.0)))
