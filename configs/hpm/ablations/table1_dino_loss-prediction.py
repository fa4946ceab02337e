"""HPM ablation: DINO features, loss prediction but random masks.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (DINO features, second row).
Command:  tools/dist_train.sh configs/hpm/ablations/table1_dino_loss-prediction.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.58 fine-tuned, 63.25 linear, 43.02 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e_dino-target.py"
model = dict(
    masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")),
    teachers=dict(ema=None),
)
