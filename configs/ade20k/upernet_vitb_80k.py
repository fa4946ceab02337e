"""UperNet on ViT-B, ADE20K, 80,000 iterations at batch 16: how HPM, PASS and GPA compare pre-trainings.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, section 4; PASS and GPA name the same.
Command:  tools/dist_train.sh configs/ade20k/upernet_vitb_80k.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   ADE20K val mIoU of the papers after 200 epochs of pre-training. HPM, Table 5: MAE 40.49, with loss prediction
          41.45, HPM 42.09; to CLIP's features 46.59, 46.97, 47.35. PASS, Table 3: MAE 40.64, BSS 39.52, PASS 42.28,
          without its weights 41.83. GPA, Table 2: MAE 40.5, GPA as teacher 41.6, as feature, too, 44.3.
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
schedule = dict(iterations=80000, val_interval=8000)
auto_scale_lr = dict(base_batch_size=16)
