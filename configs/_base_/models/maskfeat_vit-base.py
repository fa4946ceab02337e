"""MaskFeat with a ViT-B/16: 78 of 196 patches masked in blocks, a linear decoder, HOG as target.

`masking.ratio` is that share; on other grids it masks as large a one.
"""

model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(
        type="DenseViT",
        arch="base",
        patch_size=16,
        image_size=224,
        layer_scale=None,
        positions="learned",
        init="normal",
    ),
    neck=None,
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="BlockPolicy", min_area=15),
        ratio=dict(type="FixedRatio", ratio=78 / 196),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="HOGTarget", gaussian=16),
            loss=dict(type="PatchMSE"),
        ),
    ),
)
