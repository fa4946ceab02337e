"""UperNet (Xiao et al., 2018) with an auxiliary FCN head, tested by sliding windows, or on whole images (Swin).

Backbone, neck and widths are those of the configs that inherit it.

The recipe: AdamW with layer-wise decay, 1500 iterations of warm-up, then linearly to zero.

As in mmseg's layer-wise decay (and FastMIM's), positions and the class token decay: its exemption of them compares
names without the prefix that they have in a segmentor. paramwise_cfg.no_decay="['positions','relative','cls_token']"
exempts them.
"""

_common = dict(
    dropout_ratio=0.1,
    norm_cfg=dict(type="SyncBN"),
    align_corners=False,
)
model = dict(
    type="EncoderDecoder",
    data_preprocessor=dict(type="SegDataPreProcessor", pad_val=0, seg_pad_val=255),
    decode_head=dict(
        type="UPerHead",
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        loss_decode=dict(type="CrossEntropyLoss", use_sigmoid=False, loss_weight=1.0),
        **_common,
    ),
    auxiliary_head=dict(
        type="FCNHead",
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        loss_decode=dict(type="CrossEntropyLoss", use_sigmoid=False, loss_weight=0.4),
        **_common,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="slide"),
)
optim_wrapper = dict(
    type="mimseg.MIMOptimWrapper",
    constructor="mimseg.LayerDecay",
    paramwise_cfg=dict(layer_decay=0.65),
    precision="bf16",
    optimizer=dict(type="AdamW", lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05, fused=True),
)
schedule = dict(iterations=160000, warmup_iterations=1500, warmup_factor=1e-6, val_interval=16000)
