"""FastMIM, Swin-B at 128 px, squares of 32 px masked at 0.85, HOG, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 10b.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10b_swinb_b32_r85.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.8 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
model = dict(
    masking=dict(ratio=dict(ratio=0.85)),
)
