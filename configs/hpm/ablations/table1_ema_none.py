"""HPM ablation: EMA features, neither loss prediction nor learned masks.

The teacher's decay stays at 0.999: the public code raises it only where a loss predictor learns.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (EMA features, first row).
Command:  tools/dist_train.sh configs/hpm/ablations/table1_ema_none.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.99 fine-tuned, 32.65 linear, 20.69 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_ema-target.py"
model = dict(
    masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=dict(end=0.999)),
)
