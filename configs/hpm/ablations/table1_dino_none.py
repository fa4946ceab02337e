"""HPM ablation: DINO features, neither loss prediction nor learned masks.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (DINO features, first row).
Command:  tools/dist_train.sh configs/hpm/ablations/table1_dino_none.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.46 fine-tuned, 61.31 linear, 41.53 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_dino-target.py"
model = dict(
    masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=None),
)
