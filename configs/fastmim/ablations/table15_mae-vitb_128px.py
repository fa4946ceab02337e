"""MAE, ViT-B/16 at 128 px, raw pixels, 400 epochs.

Paper:    FastMIM (Empirical Study on Enhancing Efficiency in Masked Image Modeling Pre-training), Table 15.
Command:  tools/dist_train.sh configs/fastmim/ablations/table15_mae-vitb_128px.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.89 fine-tuned; 83.06 with schedule.epochs=800.
Hardware: as configs/mae/vitb_200e.py.
"""

_base_ = "../../mae/vitb_200e.py"
model = dict(tasks=dict(reconstruct=dict(target=dict(normalize=False))))
train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            pipeline=[
                dict(type="LoadResizedCrop", scale=128, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                _base_._pack,
            ],
        ),
    ),
)
schedule = dict(epochs=400)
