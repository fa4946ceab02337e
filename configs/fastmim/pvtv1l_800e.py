"""FastMIM, PVT-Large (v1, of mmdet) at 128 px, HOG, 800 epochs.

Paper:    FastMIM, Table 4; its decoder is not told, 4b256d is the default of its code.
Command:  tools/dist_train.sh configs/fastmim/pvtv1l_800e.py 8
Figure:   ImageNet-1K top-1 of the paper: 82.9 fine-tuned.
Hardware: 8 GPUs of 32 GB at batch 256 each, bf16.
"""

_base_ = [
    "../_base_/models/fastmim.py",
    "../_base_/data/imagenet_128.py",
    "../_base_/runtime/default.py",
]
model = dict(
    encoder=dict(
        type="DenseBackbone",
        backbone=dict(
            type="mmdet.PyramidVisionTransformer",
            pretrain_img_size="data.size",
            num_layers=(3, 8, 27, 3),
            out_indices=(3,),
            drop_path_rate=0.0,
        ),
        image_size="data.size",
        add_norm=True,
        blocks=r"\blayers\.\d+\.1\.[1-9]\d*",
    ),
    tasks=dict(reconstruct=dict(decoder=dict(depth=4))),
)
