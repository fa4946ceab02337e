"""FastMIM, ViT-B/16 at 64 px, normalised pixels, 200 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 1a.
Command:  tools/dist_train.sh configs/fastmim/ablations/table1a_vitb_64px.py 8
Figure:   ImageNet-1K top-1 of the paper: 81.89 fine-tuned; 82.26 and 82.85 with schedule.epochs=400 and 800.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = "../vitb_400e.py"
model = dict(
    encoder=dict(image_size=64),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 64
schedule = dict(epochs=200)
