"""UperNet on a micro ViT, on the embedded scenes at 64x64: what `make demo-transfer` segments with.

Paper:    none; the recipe of MAE's transfer to ADE20K (mmseg's configs/mae) scaled down: patches of 8 px, so strides of
          2 to 16, narrow heads.
Command:  python tools/train.py configs/demo/upernet_vit-micro_scenes.py \
              --init work_dirs/demo/hpm_vit-micro_scenes/epoch_4.pth
          (after python tools/make_scenes.py data/scenes_objects --train 1000 --val 200 --layouts coco ade)
Figure:   none; docs/transfer.md has what pre-training brings here.
Hardware: any; minutes on 2 CPU cores.
"""

_base_ = [
    "../_base_/models/upernet_vit-base.py",
    "../_base_/data/transfer/scenes_maps.py",
    "../_base_/runtime/segmentation.py",
]
_crop = (_base_._size, _base_._size)
_width = 64
model = dict(
    data_preprocessor=dict(size=_crop, **_base_._statistics),
    backbone=dict(
        encoder=dict(arch="micro", patch_size=8, image_size=_base_._size, drop_path=0.0),
        taps=(1, 2, 3, 5),
    ),
    neck=dict(in_channels=128),
    decode_head=dict(in_channels=[128] * 4, channels=_width, num_classes=_base_._num_classes),
    auxiliary_head=dict(in_channels=128, channels=_width, num_classes=_base_._num_classes),
    test_cfg=dict(mode="whole"),
)
optim_wrapper = dict(
    precision="fp32",
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(_delete_=True, layer_decay=0.9, no_decay=("positions", "relative", "cls_token")),
)
schedule = dict(iterations=800, warmup_iterations=100, val_interval=800)
default_hooks = dict(
    checkpoint=dict(interval=800),
    logger=dict(interval=10),
    predictions=dict(type="mimseg.PredictionPictureHook", enlarge=6),
)
auto_scale_lr = dict(base_batch_size=8)
