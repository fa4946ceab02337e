"""ViT-L/16 from scratch on ImageNet-1K by MAE's recipe, 200 epochs, validated with a moving average of the weights.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 11 (appendix A.2).
Command:  tools/slurm_train.sh PARTITION JOB configs/finetune/vitl_200e_scratch.py 32
Figure:   top-1 of the paper: 82.6 (81.5 without the average), which HPM quotes (Table 6, "scratch").
Hardware: 32 GPUs of 32 GB at batch 128 each, bf16; the average counts batches, so do not accumulate them.
"""

_base_ = "./vitb_300e_scratch.py"
model = dict(encoder=dict(arch="large", drop_path=0.2))
train_dataloader = dict(batch_size=128)
schedule = dict(epochs=200)
