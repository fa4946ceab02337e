"""Mask R-CNN on a micro ViT, on the embedded scenes at 64x64: what `make demo-transfer` detects with.

Paper:    none; the recipe of Li et al., Benchmarking Detection Transfer Learning with Vision Transformers, 2021, scaled
          down: patches of 8 px, so strides of 2 to 32, narrow heads without norms, no windows on 8 x 8 tokens, and a
          layer decay that leaves a random encoder free to learn.
Command:  python tools/train.py configs/demo/mask-rcnn_vit-micro_scenes.py \
              --init work_dirs/demo/hpm_vit-micro_scenes/epoch_4.pth
          (after python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade)
Figure:   none; docs/transfer.md has what pre-training brings here.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/mask-rcnn_fpn4-vit-base.py",
    "../_base_/data/transfer/scenes_instances.py",
    "../_base_/runtime/detection.py",
]
_width = 32
_strides = [2, 4, 8, 16, 32]
_extractor = dict(out_channels=_width, featmap_strides=_strides[:4])
_head = dict(in_channels=_width, conv_out_channels=_width, num_classes=_base_._num_classes, norm_cfg=None)
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(
        encoder=dict(arch="micro", patch_size=8, image_size=_base_._size, drop_path=0.0),
        window=None,
        global_blocks=(),
        taps=(1, 2, 3, 5),
        final_norm=True,
    ),
    neck=[
        dict(type="mimseg.FourTapPyramid", in_channels=128, norm_cfg=dict(type="GN", num_groups=32)),
        dict(type="FPN", in_channels=[128] * 4, out_channels=_width, num_outs=5),
    ],
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
optim_wrapper = dict(
    constructor="mimseg.LayerDecay",
    precision="fp32",
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(_delete_=True, layer_decay=0.9, no_decay=("positions", "relative")),
)
schedule = dict(epochs=4, warmup_epochs=0.5, warmup_lr=1e-6, steps=[3, 3.65], gamma=0.1, val_interval=4)
default_hooks = dict(logger=dict(interval=10), predictions=dict(type="mimseg.PredictionPictureHook", enlarge=6))
auto_scale_lr = dict(base_batch_size=8)
