"""MIM, ViT-B/16, a learned mask token in embedded patches, raw pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 10a; 224 px
          is an assumption.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10a_mim_patch_learned.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.7 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_800e.py"
model = dict(
    encoder=dict(image_size=224, mask_at="tokens"),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=False))),
)
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadResizedCrop", scale=224, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
