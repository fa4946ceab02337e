"""HPM ablation: decoders of 4 blocks.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S4 (4 blocks).
Command:  tools/dist_train.sh configs/hpm/ablations/tableS4_depth4.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.75 fine-tuned, 53.95 linear, 33.60 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(
    tasks=dict(
        reconstruct=dict(decoder=dict(depth=4)),
        predict_loss=dict(decoder=dict(depth=4)),
    ),
)
