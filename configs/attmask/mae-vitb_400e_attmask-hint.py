"""AttMask-Hint on MAE, ViT-B/16, 400 epochs: as AttMask-High, but a few of the most attended patches stay visible.

Paper:    Kakogeorgiou et al., What to Hide from Your Students: Attention-Guided Masked Image Modeling, 2022.
Command:  tools/dist_train.sh configs/attmask/mae-vitb_400e_attmask-hint.py 8
Figure:   none on MAE. On iBOT, ViT-S/16, 100 epochs, its public code gives 72.8 k-NN, which SBAM's Table 3 quotes.
Hardware: as configs/attmask/mae-vitb_400e_attmask-high.py.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    masking=dict(
        score=dict(type="ClassAttentionScore", teacher="ema"),
        policy=dict(type="AttMaskPolicy", variant="hint", hint=0.1),
    ),
    teachers=dict(ema=dict(type="EMATeacher")),
)
schedule = dict(epochs=400)
