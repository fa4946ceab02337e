"""ViT-B/16 from scratch on ImageNet-1K by MAE's recipe, 300 epochs, validated with a moving average of the weights.

Paper:    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022, Table 11 (appendix A.2), which lists
          all its regularisation: no random erasing. How weights and positions start is not told: as in pre-training.
Command:  tools/dist_train.sh configs/finetune/vitb_300e_scratch.py 8
Figure:   top-1 of the paper: 82.3 (82.1 without the average), the supervised row of FastMIM, too (Tables 3, 4).
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16; the average counts batches, so do not accumulate them.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
data = dict(augment=["randaugment"])
model = dict(
    encoder=dict(
        type="SparseViT", arch="base", patch_size=16, image_size="data.size", positions="learned", drop_path=0.1
    ),
    head_std=0.01,
)
train_dataloader = dict(batch_size=512)
optim_wrapper = dict(
    constructor="WeightDecayByShape",
    optimizer=dict(lr=1e-4, betas=(0.9, 0.95), weight_decay=0.3),
    paramwise_cfg=dict(_delete_=True, no_decay=("cls_token", "positions")),
)
schedule = dict(epochs=300, warmup_epochs=20, min_lr=0.0)
default_hooks = dict(ema=dict(type="EMAHook", momentum=1e-4))
load_options = dict(scratch=True)
