"""ViT-B/16 fine-tuned end to end: learned positions, LayerNorm of the mean patch token, mixup or CutMix."""

model = dict(
    type="Classifier",
    encoder=dict(type="SparseViT", arch="base", patch_size=16, drop_path=0.1, positions="learned"),
    pool="avg",
    norm="layer",
    head_std=2e-5,
    label_smoothing=0.1,
    mixup=0.8,
    cutmix=1.0,
)
