"""UperNet on ViT-L, ADE20K, 160,000 iterations at batch 16.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023: rate 2e-5 for ViT-L; layer decay, drop path
          and taps, which it does not tell, are BEiT's.
Command:  tools/dist_train.sh configs/ade20k/upernet_vitl_160k.py 8 --init work_dirs/hpm/vitl_800e/epoch_800.pth
Figure:   ADE20K val mIoU of the paper: 54.6 (MAE: 53.6).
Hardware: 8 GPUs of 40 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/upernet_vit-base.py",
    "../_base_/data/transfer/ade20k.py",
    "../_base_/runtime/segmentation.py",
]
model = dict(
    data_preprocessor=dict(size=_base_._crop, test_cfg=dict(size=_base_._crop), **_base_._statistics),
    backbone=dict(encoder=dict(arch="large", image_size=_base_._size, drop_path=0.2), taps=(7, 11, 15, 23)),
    neck=dict(in_channels=1024),
    decode_head=dict(num_classes=_base_._num_classes, in_channels=[1024] * 4, channels=1024),
    auxiliary_head=dict(num_classes=_base_._num_classes, in_channels=1024),
    test_cfg=dict(crop_size=_base_._crop, stride=(341, 341)),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.95), optimizer=dict(lr=2e-5))
auto_scale_lr = dict(base_batch_size=16)
