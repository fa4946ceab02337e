"""FastMIM, Swin-B at 128 px, HOG, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_swinb_hog_128px.py 8
Figure:   ImageNet-1K top-1 of the paper: 84.1 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinb_400e.py"
schedule = dict(epochs=800)
