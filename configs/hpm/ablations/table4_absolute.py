"""HPM ablation: absolute loss prediction.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 4 (absolute MSE).
Command:  tools/dist_train.sh configs/hpm/ablations/table4_absolute.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.77 fine-tuned, 51.85 linear, 34.47 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(
    tasks=dict(predict_loss=dict(loss=dict(_delete_=True, type="AbsolutePatchLoss"))),
)
