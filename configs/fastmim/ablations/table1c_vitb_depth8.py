"""FastMIM, ViT-B/16 without its last 4 blocks at 128 px, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 1c; its
          target and epochs are not told.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1c_vitb_depth8.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.9 fine-tuned with new blocks in their place (load_options.least=0.6).
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_400e.py"
model = dict(encoder=dict(truncate=4))
