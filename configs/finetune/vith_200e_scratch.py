"""ViT-H/14 from scratch on ImageNet-1K by MAE's recipe, 200 epochs, validated with a moving average of the weights.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 11 (appendix A.2).
Command:  tools/slurm_train.sh PARTITION JOB configs/finetune/vith_200e_scratch.py 32
Figure:   top-1 of the paper: 83.1 (80.9 without the average).
Hardware: 32 GPUs of 80 GB at batch 128 each, bf16; the average counts batches, so do not accumulate them.
"""

_base_ = "./vitl_200e_scratch.py"
model = dict(encoder=dict(arch="huge", patch_size=14))
