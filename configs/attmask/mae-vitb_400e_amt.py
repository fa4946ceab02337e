"""AMT on MAE, ViT-B/16, 400 epochs: patches drawn by attention; 88 of 196 are masked, 78 thrown away, 30 visible.

As in its public code, every head's attention is stretched to [0, 1] before the heads are averaged, and the first 41
epochs mask 147 patches at random. Here the attention is the EMA teacher's, of the crop at hand, in every step; see
AMTPolicy for what the public code does.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023.
Command:  tools/dist_train.sh configs/attmask/mae-vitb_400e_amt.py 8
Figure:   ImageNet-1K top-1: 82.8 fine-tuned (as quoted by SBAM, Table 2, and GPA), by
          configs/finetune/amt_vitb_100e.py.
Hardware: as configs/attmask/mae-vitb_400e_attmask-high.py.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    masking=dict(
        score=dict(type="ClassAttentionScore", teacher="ema", heads="minmax_mean"),
        # 41 of 400 epochs
        policy=dict(type="AMTPolicy", throw=0.4, start=0.1025, start_ratio=0.75, stretch=False),
        ratio=dict(ratio=0.4485),  # 88 patches, int(0.45 * 196) of the public code
    ),
    tasks=dict(reconstruct=dict(target=dict(normalize=False))),
    teachers=dict(ema=dict(type="EMATeacher")),
)
schedule = dict(epochs=400)
