"""Mask R-CNN on a micro ViT, on the embedded scenes at 64x64: what `make demo-transfer` detects with.

Paper:    none; the recipe of Li et al., Exploring Plain Vision Transformer Backbones for Object Detection, 2022, scaled
          down: patches of 8 px, so strides of 2 to 32, narrow heads, windows of 4 in all blocks but two.
Command:  python tools/train.py configs/demo/mask-rcnn_vit-micro_scenes.py --init work_dirs/demo/epoch_4.pth
          (after python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade)
Figure:   none; docs/transfer.md has what pre-training brings here.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mask-rcnn_vitdet-base.py",
    "../_base_/datasets/scenes_instances.py",
    "../_base_/schedules/vitdet.py",
    "../_base_/detection_runtime.py",
]
_width = 32
_strides = [2, 4, 8, 16, 32]
_extractor = dict(out_channels=_width, featmap_strides=_strides[:4])
_head = dict(in_channels=_width, conv_out_channels=_width, num_classes=_base_._num_classes)
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(
        encoder=dict(arch="micro", patch_size=8, image_size=_base_._size, drop_path=0.0),
        window=4,
        global_blocks=(2, 5),
    ),
    neck=dict(in_channels=128, out_channels=_width),
    rpn_head=dict(in_channels=_width, feat_channels=_width, anchor_generator=dict(scales=[4], strides=_strides)),
    roi_head=dict(
        bbox_roi_extractor=_extractor,
        bbox_head=dict(fc_out_channels=256, **_head),
        mask_roi_extractor=_extractor,
        mask_head=_head,
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=200, max_per_img=100),
        rcnn=dict(sampler=dict(num=32)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=50), rcnn=dict(max_per_img=20)),
)
optim_wrapper = dict(precision="fp32", optimizer=dict(lr=1e-3), paramwise_cfg=dict(layer_decay=0.9))
schedule = dict(epochs=8, warmup_epochs=1, warmup_lr=1e-6, steps=[6, 7.3], val_interval=8)
default_hooks = dict(logger=dict(interval=10))
custom_hooks = [*_base_.custom_hooks, dict(type="mimseg.PredictionPictureHook", enlarge=6)]
auto_scale_lr = dict(base_batch_size=8)
