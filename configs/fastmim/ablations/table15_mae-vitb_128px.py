"""MAE, ViT-B/16 at 128 px, raw pixels, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 15.
Command:  tools/dist_train.sh configs/fastmim/ablations/table15_mae-vitb_128px.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.89 fine-tuned; 83.06 with schedule.epochs=800.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(
    encoder=dict(image_size=128),
    tasks=dict(reconstruct=dict(target=dict(normalize=False))),
)
train_dataloader = _base_.train_dataloader
train_dataloader.dataset.dataset.pipeline[1].scale = 128
schedule = dict(epochs=400)
