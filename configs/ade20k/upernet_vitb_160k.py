"""UperNet on ViT-B, ADE20K, 160,000 iterations at batch 16.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, and GPA, by the recipe of MAE (mmseg's
          configs/mae). FastMIM's: configs/ade20k/upernet_vitb_160k_fastmim.py.
Command:  tools/dist_train.sh configs/ade20k/upernet_vitb_160k.py 8 --init work_dirs/hpm/vitb_800e/epoch_800.pth
Figure:   ADE20K val mIoU of the papers: HPM 48.5, GPA 48.9, MAE 48.1; `tools/test.sh ... --tta` for
          several scales and flips (MAE in mmseg: 48.13, and 48.70 so).
Hardware: 8 GPUs of 24 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/upernet_vit-base.py",
    "../_base_/data/transfer/ade20k.py",
    "../_base_/runtime/segmentation.py",
]
model = dict(
    data_preprocessor=dict(size=_base_._crop, test_cfg=dict(size=_base_._crop), **_base_._statistics),
    backbone=dict(encoder=dict(image_size=_base_._size)),
    decode_head=dict(num_classes=_base_._num_classes),
    auxiliary_head=dict(num_classes=_base_._num_classes),
    test_cfg=dict(crop_size=_base_._crop, stride=(341, 341)),
)
auto_scale_lr = dict(base_batch_size=16)
