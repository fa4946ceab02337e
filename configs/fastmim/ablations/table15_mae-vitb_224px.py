"""MAE, ViT-B/16 at 224 px, raw pixels, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 15.
Command:  tools/dist_train.sh configs/fastmim/ablations/table15_mae-vitb_224px.py 8
Figure:   ImageNet-1K top-1 of the paper: 83.15 fine-tuned; 83.34 with schedule.epochs=800.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(
    encoder=dict(image_size=224),
    tasks=dict(reconstruct=dict(target=dict(normalize=False))),
)
schedule = dict(epochs=400)
