"""MIM, ViT-B/16, a zero mask token in embedded patches, raw pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 10a; 224 px
          is an assumption.
Command:  tools/dist_train.sh configs/fastmim/ablations/table10a_mim_patch_zero.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.6 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_800e.py"
model = dict(
    encoder=dict(image_size=224, mask_at="tokens", learn_token=False),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=False))),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 224
