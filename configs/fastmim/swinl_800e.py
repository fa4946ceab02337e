"""FastMIM, Swin-L at 128 px with windows of 8, HOG, decoder 4b512d, 800 epochs.

Paper:    FastMIM, Table 3; rate times 0.1 at 7/8 of the epochs, as configs/fastmim/swinl_400e.py (schedule.steps=None:
          a cosine).
Command:  tools/dist_train.sh configs/fastmim/swinl_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.4 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "./swinl_400e.py"
schedule = dict(epochs=800, steps=[700])
