"""ViT-B/16 from scratch on the half of the patches for which a pre-trained HPM predicts the highest loss.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, supplement D ("top 50 %"); recipe of
          configs/finetune/vitb_100e_scratch.py. Whose prediction it takes is not told: the EMA teacher's, which masks.
Command:  tools/dist_train.sh configs/finetune/vitb_100e_scratch_top50.py 8
Figure:   top-1 of the paper: 79.8 (all patches: 80.9).
Hardware: 8 GPUs of 16 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
_block = dict(type="TransformerDecoder", depth=8)
_hpm = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean="data.mean", std="data.std"),
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    neck=dict(type="MaskTokenNeck", width=512),
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=_block,
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchMSE"),
        ),
        predict_loss=dict(
            type="Task",
            decoder=_block,
            target=dict(type="PatchLossTarget", task="reconstruct"),
            loss=dict(type="RelativePatchLoss"),
        ),
    ),
)
model = dict(
    type="PartClassifier",
    encoder=dict(
        type="SparseViT",
        arch="base",
        patch_size=16,
        image_size="data.size",
        positions="learned",
        drop_path=0.1,
        init="normal",
    ),
    head_std=0.02,
    select="highest",
    share=0.5,
    judge=dict(model=_hpm, checkpoint="work_dirs/hpm/vitb_200e/epoch_200.pth"),  # configs/hpm/vitb_200e.py
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("cls_token", "positions")))
load_options = dict(scratch=True)
