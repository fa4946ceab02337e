"""HPM ablation: decoders of width 256.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table S4 (width 256); 16
          heads, as its public code has them at every width.
Command:  tools/dist_train.sh configs/hpm/ablations/tableS4_width256.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.80 fine-tuned, 52.39 linear, 29.46 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../vitb_200e.py"
model = dict(
    neck=dict(width=256),
    tasks=dict(
        reconstruct=dict(decoder=dict(num_heads=16)),
        predict_loss=dict(decoder=dict(num_heads=16)),
    ),
)
