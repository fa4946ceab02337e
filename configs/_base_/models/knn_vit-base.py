"""The features of a ViT-B/16 encoder: the mean of its patch tokens, or its class token with test_cfg.pool='cls'."""

model = dict(
    type="FeatureExtractor",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
)
