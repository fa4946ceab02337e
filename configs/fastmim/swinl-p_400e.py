"""FastMIM-P, Swin-L at 128, 160 and 192 px for 200, 100 and 100 epochs, HOG.

Paper:    FastMIM, Table 3; section 4.2 and appendix A.3.2. Rate times 0.1 at 7/8 of the epochs, as
          configs/fastmim/swinl_400e.py: the paper tells no other for FastMIM-P (schedule.steps=None: a cosine).
Command:  tools/dist_train.sh configs/fastmim/swinl-p_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.5 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16; the paper does not tell batches, these keep 2048.
"""

_base_ = "./swinl_400e.py"
# tables for windows of 14, resized for those of each stage: 8, 10 and 12
model = dict(encoder=dict(window_size=14, window_ratio=4))
schedule = dict(
    stages=[
        dict(epoch=0, size=128),
        dict(epoch=200, size=160, batch_size=128, accumulative_counts=2),
        dict(epoch=300, size=192, batch_size=128, accumulative_counts=2),
    ],
)
