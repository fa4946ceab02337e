"""FastMIM-P, ViT-L/16 at 128, 160 and 192 px for 500, 200 and 100 epochs, HOG.

Paper:    FastMIM, Table 3; section 4.2.
Command:  tools/dist_train.sh configs/fastmim/vitl-p_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.7 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16; the paper does not tell batches, these keep 2048.
"""

_base_ = "./vitl_800e.py"
schedule = dict(
    stages=[
        dict(epoch=0, size=128),
        dict(epoch=500, size=160, batch_size=128, accumulative_counts=2),
        dict(epoch=700, size=192, batch_size=128, accumulative_counts=2),
    ],
)
