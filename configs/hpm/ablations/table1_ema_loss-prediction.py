"""HPM ablation: EMA features, loss prediction but random masks.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (EMA features, second row).
Command:  tools/dist_train.sh configs/hpm/ablations/table1_ema_loss-prediction.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.13 fine-tuned, 52.06 linear, 35.73 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_ema-target.py"
model = dict(
    masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")),
)
