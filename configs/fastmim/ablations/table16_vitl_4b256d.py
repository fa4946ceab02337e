"""FastMIM, ViT-L/16 at 128 px with a decoder of 4b256d, HOG, 100 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 16.
Command:  tools/dist_train.sh configs/fastmim/ablations/table16_vitl_4b256d.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.8 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitl_800e.py"
model = dict(neck=dict(width=256), tasks=dict(reconstruct=dict(decoder=dict(depth=4))))
schedule = dict(epochs=100)
