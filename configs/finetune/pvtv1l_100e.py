"""Fine-tuning of FastMIM's PVT-Large (v1) on ImageNet-1K, 100 epochs.

Paper:    FastMIM, Tables 4 and 12; rate, layer decay and drop path of this backbone are not told, these are Swin-B's.
Command:  tools/dist_train.sh configs/finetune/pvtv1l_100e.py 8 --init work_dirs/fastmim/pvtv1l_800e/epoch_800.pth
Figure:   ImageNet-1K top-1 of the paper: 82.9 after 800 epochs of pre-training.
Hardware: 8 GPUs of 24 GB at batch 128 each, bf16.
"""

_base_ = [
    "../_base_/recipes/finetune.py",
    "../_base_/data/imagenet_labelled.py",
    "../_base_/runtime/classification.py",
]
model = dict(
    encoder=dict(
        type="DenseBackbone",
        backbone=dict(
            type="mmdet.PyramidVisionTransformer",
            pretrain_img_size="data.size",
            num_layers=(3, 8, 27, 3),
            out_indices=(3,),
            drop_path_rate=0.1,
        ),
        image_size="data.size",
        add_norm=True,
        blocks=r"\blayers\.\d+\.1\.[1-9]\d*",
    ),
    norm=None,
)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
