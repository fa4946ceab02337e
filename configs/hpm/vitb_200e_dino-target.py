"""HPM, ViT-B/16, DINO features as target.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, Table 1 (DINO features, learn to mask).
Command:  tools/dist_train.sh configs/hpm/vitb_200e_dino-target.py 8
Figure:   ImageNet-1K top-1 of the paper: 84.13 fine-tuned, 64.17 linear, 47.25 k-NN.
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
            target=dict(_delete_=True, type="FeatureTarget", teacher="dino"),
            loss=dict(_delete_=True, type="PatchCosine"),
        ),
    ),
    teachers=dict(dino=dict(type="FrozenTeacher", model="vit_base_patch16_224.dino")),
)
optim_wrapper = dict(clip_grad=dict(max_norm=5.0))
