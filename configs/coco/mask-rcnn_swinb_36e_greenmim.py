"""Mask R-CNN with an FPN on Swin-B, COCO, at batch 16 from pre-training: FastMIM's GreenMIM setting.

Paper:    FastMIM, Table 5 and appendix A.3.4: a peak rate of 1e-4 at batch 16, and a start from pre-training. What it
          does not tell is that of configs/coco/mask-rcnn_swinb_36e.py: epochs, steps, 1500 iterations of warm-up,
          copy-paste.
Command:  tools/dist_train.sh configs/coco/mask-rcnn_swinb_36e_greenmim.py 8 \
              --init work_dirs/fastmim/swinb_400e/epoch_400.pth
Figure:   COCO val box / mask AP of the paper: 50.3 / 44.4 (SimMIM: 50.4 / 44.4, GreenMIM: 50.0 / 44.1).
Hardware: 8 GPUs of 40 GB at batch 2 each, bf16.
"""

_base_ = [
    "../_base_/models/mask-rcnn_swin-base.py",
    "../_base_/data/transfer/coco_copy-paste.py",
    "../_base_/runtime/detection.py",
]
model = dict(
    data_preprocessor=dict(**_base_._statistics),
    backbone=dict(encoder=dict(image_size=_base_._size)),
    roi_head=dict(
        bbox_head=dict(num_classes=_base_._num_classes),
        mask_head=dict(num_classes=_base_._num_classes),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
schedule = dict(warmup_epochs=0.2047, warmup_lr=1e-7)  # of 117,266 images
auto_scale_lr = dict(base_batch_size=16)
