"""SBAM on SimMIM, ViT-B/16 at 224 px, 400 epochs, 60 % of the 32 px units masked.

The salience of the four patches of a unit is averaged. This ViT has no position embedding, its positions are in the
attention, so that salience follows from content alone.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024, on
          a host that it does not try; the recipe is SimMIM's, its step after 7/8 of the epochs.
Command:  tools/dist_train.sh configs/sbam/simmim-vitb_400e.py 8
Figure:   none in the papers.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1),
    masking=dict(
        score=dict(type="SalienceScore"),
        policy=dict(type="NoisyPolicy", amplitude=0.5),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token")))
schedule = dict(epochs=400, steps=[350])
