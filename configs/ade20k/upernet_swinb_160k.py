"""UperNet on Swin-B, ADE20K, 160,000 iterations at batch 16.

Paper:    FastMIM, Tables 6 and 14; its text has batch 32 (train_dataloader.batch_size=4), as SimMIM. Tested on whole
          images, as mmseg's Swin; by windows: model.test_cfg.mode=slide model.test_cfg.crop_size="(512,512)"
          model.test_cfg.stride="(341,341)".
Command:  tools/dist_train.sh configs/ade20k/upernet_swinb_160k.py 8 --init work_dirs/finetune/swinb_100e/epoch_100.pth
          from weights fine-tuned on ImageNet (configs/finetune/swinb_100e.py); from pre-training alone:
          --init work_dirs/fastmim/swinb_400e/epoch_400.pth
Figure:   ADE20K val mIoU of the paper: 52.6 fine-tuned (SimMIM: 52.8), with `tools/test.sh ... --tta`, at SimMIM's five
          scales; none from pre-training.
Hardware: 8 GPUs of 32 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/upernet_swin-base.py",
    "../_base_/data/transfer/ade20k_five-scales.py",
    "../_base_/runtime/segmentation.py",
]
model = dict(
    data_preprocessor=dict(size=_base_._crop, **_base_._statistics),
    backbone=dict(encoder=dict(image_size=_base_._size)),
    decode_head=dict(num_classes=_base_._num_classes),
    auxiliary_head=dict(num_classes=_base_._num_classes),
)
optim_wrapper = dict(
    paramwise_cfg=dict(layer_decay=0.9, no_decay=("relative_position_bias_table",)), optimizer=dict(lr=3e-4)
)
auto_scale_lr = dict(base_batch_size=16)
