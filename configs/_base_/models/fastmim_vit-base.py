"""FastMIM with a ViT-B/16: a mask token in the pixels, sine-cosine positions, a decoder of 1b256d, HOG as target."""

model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size=128,
        layer_scale=None,
        positions="sincos",
        init="xavier",
        mask_at="pixels",
    ),
    neck=dict(type="ProjectionNeck", width=256),
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=1),
            target=dict(type="HOGTarget"),
            loss=dict(type="PatchMSE"),
        ),
    ),
)
