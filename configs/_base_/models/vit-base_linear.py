"""A linear classifier on a frozen ViT-B/16: mean patch token (`pool="cls"` for the class token), BatchNorm, linear."""

model = dict(
    type="Classifier",
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    pool="avg",
    norm="batch",
    frozen=True,
    head_std=0.01,
)
