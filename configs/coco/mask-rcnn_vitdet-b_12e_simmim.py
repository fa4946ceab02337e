"""ViTDet Mask R-CNN for a ViT-B of SimMIM (or PASS and SBAM on it): with LayerScale and tables of relative positions.

Paper:    none; the recipe of mask-rcnn_vitdet-b_12e.py. As in the fine-tuning of SimMIM, every block starts with the
          table that all blocks share in pre-training; absolute positions start at zero. Windows of 14 are the grid of
          pre-training, so that in them nothing is resized.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_vitdet-b_12e_simmim.py 8 \
              --init work_dirs/simmim/vitb_200e/epoch_200.pth
Figure:   none.
Hardware: 8 GPUs of 80 GB at batch 2 each, bf16; a bias of all pairs is kept for the global blocks.
"""

_base_ = [
    "../_base_/models/mask-rcnn_vitdet-base.py",
    "../_base_/data/transfer/coco.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(pad_size_divisor=_base_._size, **_base_._statistics),
    backbone=dict(
        image_size=_base_._size,
        encoder=dict(type="DenseViT", layer_scale=1.0),
        relative="table",
        relative_sharing="model",
    ),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(no_decay=("positions", "gamma")))  # LayerScale, which ViTDet does not have
schedule = dict(epochs=12, warmup_epochs=0.0338, steps=[10.667, 11.556], val_interval=4)
auto_scale_lr = dict(base_batch_size=64)
