"""UperNet on ViT-B, ADE20K, 160,000 iterations at batch 16: FastMIM's MAE setting.

Paper:    FastMIM, Tables 6 and 14 and appendix A.3.5: the recipe of MAE at a rate of 3e-4 (text;
          optim_wrapper.optimizer.lr=1e-3 in Table 14). Its release, which ends at 49.5:
          optim_wrapper.paramwise_cfg.layer_decay=0.75 model.backbone.taps="[1,3,9,11]" model.auxiliary_head.in_index=3,
          and --init work_dirs/finetune/fastmim_vitb_100e/epoch_100.pth, weights fine-tuned on ImageNet.
Command:  tools/dist_train.sh configs/ade20k/upernet_vitb_160k_fastmim.py 8 \
              --init work_dirs/fastmim/vitb_800e/epoch_800.pth
Figure:   ADE20K val mIoU of the paper: 49.4 (MAE: 48.1); the start of that run is not told.
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
optim_wrapper = dict(optimizer=dict(lr=3e-4))
auto_scale_lr = dict(base_batch_size=16)
