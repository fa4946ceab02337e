"""SimMIM with a ViT-B/16: mask tokens in a shared-bias ViT, a linear decoder, L1 on plain pixels, 32 px mask units."""

model = dict(
    type="MaskedImageModel",
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(type="DenseViT", arch="base", patch_size=16, image_size=224, drop_path=0.1),
    neck=None,
    masking=dict(
        type="MaskGenerator",
        policy=dict(type="RandomPolicy"),
        ratio=dict(type="FixedRatio", ratio=0.6),
        unit=32,
    ),
    tasks=dict(
        reconstruct=dict(
            type="Task",
            decoder=dict(type="LinearDecoder"),
            target=dict(type="PixelTarget", normalize=False),
            loss=dict(type="PatchL1"),
        ),
    ),
)
