"""HPM, ViT-B/16, EMA features as target.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (EMA features, learn to mask).
Command:  tools/dist_train.sh configs/hpm/vitb_200e_ema-target.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.47 fine-tuned, 55.25 linear, 35.94 k-NN.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16 (or batch 128 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/hpm_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    tasks=dict(
        reconstruct=dict(
            target=dict(_delete_=True, type="FeatureTarget", teacher="ema"),
            loss=dict(_delete_=True, type="PatchCosine"),
        ),
    ),
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
