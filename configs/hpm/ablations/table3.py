"""HPM ablation: the easiest patches masked, and a falling share of hard patches.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 3.
Command:  tools/dist_train.sh configs/hpm/ablations/table3.py:ROW 8
Figure:   with each row: ImageNet-1K top-1 of the paper, fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
rows = {
    "argmin": (82.36, {"model.masking.policy.select": "min"}),
    "hard-to-easy": (81.71, {"model.masking.policy.alpha_start": 0.5, "model.masking.policy.alpha_end": 0.0}),
}
