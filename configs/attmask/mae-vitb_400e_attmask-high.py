"""AttMask-High on MAE, ViT-B/16, 400 epochs: the patches that the EMA teacher's class token attends to most are masked.

Paper:    Kakogeorgiou et al., What to Hide from Your Students: Attention-Guided Masked Image Modeling, 2022. Its host
          is iBOT; here it is MAE, with HPM's moving average of the student as teacher.
Command:  tools/dist_train.sh configs/attmask/mae-vitb_400e_attmask-high.py 8
Figure:   none on MAE. On iBOT, ViT-S/16, 100 epochs, its public code gives 72.5 k-NN, which SBAM's Table 3 quotes.
Hardware: 8 GPUs of 80 GB at batch 512 each, bf16.
"""

_base_ = [
    "../_base_/models/mae_vit-base.py",
    "../_base_/data/imagenet.py",
    "../_base_/runtime/default.py",
]
model = dict(
    masking=dict(
        score=dict(type="ClassAttentionScore", teacher="ema"),
        policy=dict(type="AttMaskPolicy", variant="high"),
    ),
    teachers=dict(ema=dict(type="EMATeacher")),
)
schedule = dict(epochs=400)
