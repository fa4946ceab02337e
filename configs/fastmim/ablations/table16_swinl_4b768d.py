"""FastMIM, Swin-L at 128 px with a decoder of 4b768d, HOG, 100 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 16; rate
          times 0.1 at 7/8 of the epochs, as configs/fastmim/swinl_400e.py (schedule.steps=None: a cosine).
Command:  tools/dist_train.sh configs/fastmim/ablations/table16_swinl_4b768d.py 8
Figure:   ImageNet-1K top-1 of the paper: 84.2 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../swinl_400e.py"
model = dict(neck=dict(width=768), tasks=dict(reconstruct=dict(decoder=dict(depth=4))))
schedule = dict(epochs=100, steps=[87.5])
