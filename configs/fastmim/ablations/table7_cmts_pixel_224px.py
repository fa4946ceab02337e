"""FastMIM, CMT-S at 224 px, normalised pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7.
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_cmts_pixel_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.9 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB; BatchNorm then
          averages over 128).
"""

_base_ = "../cmts_800e.py"
model = dict(
    encoder=dict(image_size=224),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 224
