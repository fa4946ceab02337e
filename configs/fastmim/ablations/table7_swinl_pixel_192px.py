"""FastMIM, Swin-L at 192 px, normalised pixels, 800 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 7; rate times
          0.1 at 7/8 of the epochs, as configs/fastmim/swinl_400e.py (schedule.steps=None: a cosine).
Command:  tools/dist_train.sh configs/fastmim/ablations/table7_swinl_pixel_192px.py 8
Figure:   ImageNet-1K top-1 of the paper: 85.5 fine-tuned.
Hardware: 8 GPUs of 80 GB at batch 256 each, bf16 (or batch 128 and accumulative_counts=2 on 32 GB).
"""

_base_ = "../swinl_800e.py"
model = dict(
    encoder=dict(image_size=192, window_size=12),
    tasks=dict(reconstruct=dict(target=dict(_delete_=True, type="PixelTarget", normalize=True))),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[0].scale = 192
