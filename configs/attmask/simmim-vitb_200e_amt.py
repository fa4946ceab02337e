"""AMT on SimMIM, ViT-B/16 at 224 px, 200 epochs: of 49 units of 32 px 22 are masked, 13 thrown away, 14 visible.

Masked units get the mask token, thrown ones are left out of the encoder, so that 144 of 196 patches enter it. That
takes positions that are added to the tokens, as its public code has them; SimMIM's own are in the attention. As there,
the rate falls by a cosine, and the first 41 epochs mask 22 units at random. See AMTPolicy for what differs.

Paper:    Liu et al., Good Helper Is around You: Attention-Driven Masked Image Modeling, 2023; recipe of its public
          code at SimMIM's batch of 2048: 1e-4 per 512 images, from 5e-7 and to 5e-6 per 512.
Command:  tools/dist_train.sh configs/attmask/simmim-vitb_200e_amt.py 8
Figure:   none in the papers that this toolbox follows; PASS (Table 1) quotes that paper's SimMIM without AMT: 81.5.
          To fine-tune: configs/finetune/amt_simmim-vitb_100e.py.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/models/simmim.py",
    "../_base_/data/imagenet_simmim.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseViT", arch="base", patch_size=16, image_size="data.size", drop_path=0.1, positions="learned"
    ),
    masking=dict(
        score=dict(type="ClassAttentionScore", teacher="ema", heads="minmax_mean"),
        # 41 of 200 epochs
        policy=dict(type="AMTPolicy", throw=0.27, start=0.205, start_ratio=0.44, stretch=False),
        ratio=dict(ratio=0.44),
    ),
    teachers=dict(ema=dict(type="EMATeacher")),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "mask_token", "positions")))
schedule = dict(epochs=200, warmup_epochs=10, warmup_lr=2e-6, min_lr=2e-5, steps=None, gamma=None)
