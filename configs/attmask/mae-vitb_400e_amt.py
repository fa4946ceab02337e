"""AMT on MAE, ViT-B/16, 400 epochs: patches drawn by attention; 88 of 196 are masked, 78 thrown away, 30 visible.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023. Here the attention is the
          EMA teacher's, of the crop at hand, in every step; see AMTPolicy for what its public code does.
Command:  tools/dist_train.sh configs/attmask/mae-vitb_400e_amt.py 8
Figure:   ImageNet-1K top-1: 82.8 fine-tuned (as quoted by SBAM, Table 2, and GPA).
Hardware: as configs/attmask/mae-vitb_400e_attmask-high.py.
"""

_base_ = "./mae-vitb_400e_attmask-high.py"
model = dict(
    masking=dict(
        policy=dict(_delete_=True, type="AMTPolicy", throw=0.4, start=0.1025),  # 41 of 400 epochs
        ratio=dict(ratio=0.4485),  # 88 patches, int(0.45 * 196) of the public code
    ),
    tasks=dict(reconstruct=dict(target=dict(normalize=False))),
)
