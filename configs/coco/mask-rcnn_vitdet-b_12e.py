"""ViTDet Mask R-CNN, ViT-B, COCO, 12 epochs at batch 16: how HPM, PASS and GPA compare pre-trainings.

Paper:    Wang et al., Hard Patches Mining for Masked Image Modeling, 2023, section 4; architecture and recipe of Li et
          al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022. The rate is not scaled;
          auto_scale_lr.enable=True makes it 2.5e-5. Its text describes taps of four blocks instead:
          configs/coco/mask-rcnn_fpn4-vitb_12e.py.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-b_12e.py 8 --init work_dirs/hpm/vitb_200e/epoch_200.pth
Figure:   COCO val box / mask AP of the papers, after 200 epochs of pre-training. HPM, Table 5: MAE 40.45 / 37.01, with
          loss prediction 40.98 / 37.34, HPM 42.03 / 38.15; to CLIP's features 46.21 / 41.55, 46.43 / 41.80,
          46.57 / 41.96. PASS, Table 2: random weights 28.13 / 26.17, MAE 41.54 / 37.63, BSS 38.46 / 35.16, PASS
          42.25 / 38.03. GPA, Table 2: MAE 33.0 / 29.8, GPA as teacher 33.3 / 30.1, as feature, too, 34.5 / 31.1: 8 AP
          below the other papers for the same baseline and the same named recipe.
Hardware: 8 GPUs of 32 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/mask-rcnn_vitdet-base.py",
    "../_base_/data/transfer/coco.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(image_size=_base_._size),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
schedule = dict(epochs=12, warmup_epochs=0.0338, steps=[10.667, 11.556], val_interval=4)
auto_scale_lr = dict(base_batch_size=64)
