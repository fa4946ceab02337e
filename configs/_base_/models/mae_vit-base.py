"""MAE with a ViT-B/16 encoder and an 8-block, 512-wide decoder. Other sizes change `encoder.arch`."""

model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(type="SparseViT", arch="base", patch_size=16),
    neck=dict(type="MaskTokenNeck", width=512),
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.75),
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="TransformerDecoder", depth=8),
            target=dict(type="PixelTarget", normalize=True),
            loss=dict(type="PatchMSE"),
        ),
    ),
)
