"""HPM ablation: decoders of width 128.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S4 (width 128); 16
          heads, as its public code has them at every width.
Command:  tools/dist_train.sh configs/hpm/ablations/tableS4_width128.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.74 fine-tuned, 42.51 linear, 17.67 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(
    neck=dict(width=128),
    tasks=dict(
        reconstruct=dict(decoder=dict(num_heads=16)),
        predict_loss=dict(decoder=dict(num_heads=16)),
    ),
)
