"""ViT-H/14 from scratch on ImageNet-1K by MAE's recipe, 200 epochs, validated with a moving average of the weights.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 11 (appendix A.2).
Command:  tools/slurm_train.sh PARTITION JOB configs/finetune/vith_200e_scratch.py 32
Figure:   top-1 of the paper: 83.1 (80.9 without the average).
Hardware: 32 GPUs of 80 GB at batch 128 each, bf16; the average counts batches, so do not accumulate them.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=["randaugment"])
model = dict(
    encoder=dict(
        type="SparseViT", arch="huge", patch_size=14, image_size="data.size", positions="learned", drop_path=0.2
    ),
    head_std=0.01,
)
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(
    constructor="WeightDecayByShape",
    optimizer=dict(lr=1e-4, betas=(0.9, 0.95), weight_decay=0.3),
    paramwise_cfg=dict(_delete_=True, no_decay=("cls_token", "positions")),
)
schedule = dict(epochs=200, warmup_epochs=20, min_lr=0.0)
default_hooks = dict(ema=dict(type="EMAHook", momentum=1e-4))
load_options = dict(scratch=True)
