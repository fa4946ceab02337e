"""UperNet on Swin-L with windows of 14, ADE20K, 160,000 iterations at batch 16.

Paper:    FastMIM has no Swin-L here: the recipe of configs/ade20k/upernet_swinb_160k.py, with the drop path of its
          Swin-L detector.
Command:  tools/dist_train.sh configs/ade20k/upernet_swinl_160k.py 8 --init work_dirs/finetune/swinl_100e/epoch_100.pth
Figure:   none in the papers.
Hardware: 8 GPUs of 40 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/upernet_swin-base.py",
    "../_base_/data/transfer/ade20k_five-scales.py",
    "../_base_/runtime/segmentation.py",
]
model = dict(
    data_preprocessor=dict(size=_base_._crop, **_base_._statistics),
    backbone=dict(encoder=dict(arch="large", image_size=_base_._size, window_size=14, drop_path=0.3)),
    decode_head=dict(num_classes=_base_._num_classes, in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(num_classes=_base_._num_classes, in_channels=768),
)
optim_wrapper = dict(
    paramwise_cfg=dict(layer_decay=0.9, no_decay=("relative_position_bias_table",)), optimizer=dict(lr=3e-4)
)
auto_scale_lr = dict(base_batch_size=16)
