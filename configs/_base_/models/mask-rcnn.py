"""Mask R-CNN with a deep head: two convolutions in the RPN, four and one linear layer for boxes, four for masks.

Losses, matching and thresholds are detectron2's, but for anchors that fit badly: the best one of an object counts from
an overlap of 0.3 on, as in mmdet, not from 0. The backbone, the neck and the norms of the heads are those of the
configs that inherit it. RoIAlign is torchvision's, equal to mmcv's, which silently reads wrong numbers from maps in the
channels-last layout.
"""

_match = dict(type="MaxIoUAssigner", ignore_iof_thr=-1)
_roi_align = dict(type="RoIAlign", sampling_ratio=0, use_torchvision=True)
_box_coder = dict(type="DeltaXYWHBBoxCoder", target_means=[0.0] * 4)
_roi_extractor = dict(type="SingleRoIExtractor", out_channels=256, featmap_strides=[4, 8, 16, 32])
_proposals = dict(nms=dict(type="nms", iou_threshold=0.7), max_per_img=1000, min_bbox_size=0)
model = dict(
    type="MaskRCNN",
    data_preprocessor=dict(type="DetDataPreprocessor", pad_mask=True, pad_size_divisor=32),
    rpn_head=dict(
        type="RPNHead",
        in_channels=256,
        feat_channels=256,
        num_convs=2,
        anchor_generator=dict(type="AnchorGenerator", scales=[8], ratios=[0.5, 1.0, 2.0], strides=[4, 8, 16, 32, 64]),
        bbox_coder=dict(target_stds=[1.0] * 4, **_box_coder),
        loss_cls=dict(type="CrossEntropyLoss", use_sigmoid=True, loss_weight=1.0),
        loss_bbox=dict(type="L1Loss", loss_weight=1.0),
    ),
    roi_head=dict(
        type="StandardRoIHead",
        bbox_roi_extractor=dict(roi_layer=dict(output_size=7, **_roi_align), **_roi_extractor),
        bbox_head=dict(
            type="Shared4Conv1FCBBoxHead",
            in_channels=256,
            conv_out_channels=256,
            fc_out_channels=1024,
            roi_feat_size=7,
            bbox_coder=dict(target_stds=[0.1, 0.1, 0.2, 0.2], **_box_coder),
            reg_class_agnostic=False,
            loss_cls=dict(type="CrossEntropyLoss", use_sigmoid=False, loss_weight=1.0),
            loss_bbox=dict(type="L1Loss", loss_weight=1.0),
        ),
        mask_roi_extractor=dict(roi_layer=dict(output_size=14, **_roi_align), **_roi_extractor),
        mask_head=dict(
            type="FCNMaskHead",
            num_convs=4,
            in_channels=256,
            conv_out_channels=256,
            loss_mask=dict(type="CrossEntropyLoss", use_mask=True, loss_weight=1.0),
        ),
    ),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3, match_low_quality=True, **_match),
            sampler=dict(type="RandomSampler", num=256, pos_fraction=0.5, neg_pos_ub=-1, add_gt_as_proposals=False),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(nms_pre=2000, **_proposals),
        rcnn=dict(
            assigner=dict(pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0.5, match_low_quality=False, **_match),
            sampler=dict(type="RandomSampler", num=512, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True),
            mask_size=28,
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=1000, **_proposals),
        rcnn=dict(score_thr=0.05, nms=dict(type="nms", iou_threshold=0.5), max_per_img=100, mask_thr_binary=0.5),
    ),
)
