"""HPM ablation: RGB, neither loss prediction nor learned masks: MAE on plain pixels, the baseline of the paper.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (RGB, first row).
Command:  tools/dist_train.sh configs/hpm/ablations/table1_rgb_none.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.23 fine-tuned, 50.80 linear, 29.84 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(
    masking=dict(score=None, policy=dict(_delete_=True, type="RandomPolicy")),
    tasks=dict(predict_loss=None),
    teachers=dict(ema=None),
)
