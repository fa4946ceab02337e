"""SBAM on SimMIM, ViT-B/16 at 224 px, 400 epochs, 60 % of the 32 px units masked.

The salience of the four patches of a unit is averaged. This ViT has no position embedding, its positions are in the
attention, so that salience follows from content alone.

Paper:    Choi et al., Salience-Based Adaptive Masking: Revisiting Token Dynamics for Enhanced Pre-training, 2024, on
          a host that it does not try; the recipe is SimMIM's, its step after 7/8 of the epochs.
Command:  tools/dist_train.sh configs/sbam/simmim-vitb_400e.py 8
Figure:   none in the papers.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 64 and accumulative_counts=4 on 32 GB).
"""

_base_ = "../simmim/vitb_800e.py"
model = dict(
    masking=dict(
        score=dict(type="SalienceScore"),
        policy=dict(type="NoisyPolicy", amplitude=0.5, _delete_=True),
    ),
)
schedule = dict(epochs=400, steps=[350])
