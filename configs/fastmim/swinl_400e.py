"""FastMIM, Swin-L at 128 px with windows of 8, HOG, decoder 4b512d, 400 epochs.

Paper:    FastMIM, Tables 3 and 11, whose "step (Xie et al.)" is SimMIM's: the rate times 0.1 at 7/8 of the epochs
          (schedule.steps=None makes it a cosine, as for the other backbones).
Command:  tools/dist_train.sh configs/fastmim/swinl_400e.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.2 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "./swinb_400e.py"
model = dict(encoder=dict(arch="large", window_size=8), neck=dict(width=512))
schedule = dict(steps=[350])
