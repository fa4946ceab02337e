"""HPM ablation: mask the easiest patches.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 3 (argmin).
Command:  tools/dist_train.sh configs/hpm/ablations/table3_argmin.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.36 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(masking=dict(policy=dict(select="min")))
