"""The metric by which the best checkpoint is kept is checked before training."""

import pytest

from mimseg.apis.run.best import check_best

ACCURACY = {"type": "mmpretrain.Accuracy", "topk": (1, 5)}
MAPS = {"type": "mimseg.ClassIoU", "iou_metrics": ["mIoU"]}
BOXES = {"type": "mimseg.CocoAP", "metric": ["bbox", "segm"]}


def config(save_best, evaluator):
    return {"default_hooks": {"checkpoint": {"save_best": save_best}}, "val_evaluator": evaluator}


@pytest.mark.parametrize(
    ("name", "evaluator"),
    [
        ("accuracy/top5", ACCURACY),
        ("mIoU", MAPS),
        ("aAcc", MAPS),
        ("mDice", {**MAPS, "iou_metrics": ["mIoU", "mDice"]}),
        ("IoU-sky", {**MAPS, "classwise": True}),
        ("maps/mIoU", {**MAPS, "prefix": "maps"}),
        ("coco/bbox_mAP", BOXES),
        ("coco/segm_mAP_75", BOXES),
        ("coco/bbox_AP-cat", {**BOXES, "classwise": True}),
        ("boxes/bbox_mAP", {"type": "CocoAP", "prefix": "boxes"}),
        (["mIoU", "coco/bbox_mAP"], [MAPS, BOXES]),
        ("coco/AR@100", {**BOXES, "metric": "proposal"}),
        ("coco/AR@7", {**BOXES, "metric": "proposal_fast", "proposal_nums": (7,)}),
        ("coco/segm_mAP_s", {**BOXES, "metric_items": ["mAP_s"]}),
        ("mine/bbox_AP-cat", {**BOXES, "classwise": True, "prefix": "mine"}),
        ("coco/cat_precision", {"type": "mmdet.CocoMetric", "classwise": True}),
        ("mine/top1", {**ACCURACY, "prefix": "mine"}),
        ("accuracy/top1_thr-0.50", {**ACCURACY, "thrs": (0.0, 0.5)}),
        ("accuracy/top5_no-thr", {**ACCURACY, "thrs": (None, 0.5)}),
        ("accuracy/top5", {**ACCURACY, "thrs": (0.5,)}),
        ("mine", {"type": "MyMetric"}),
        ("auto", MAPS),
        (None, None),
    ],
)
def test_what_is_measured_is_taken(name, evaluator):
    check_best(config(name, evaluator))


@pytest.mark.parametrize(
    ("name", "evaluator", "line"),
    [
        ("miou", MAPS, "save_best=miou: the validation does not measure it; there are aAcc, mIoU, mAcc"),
        ("mDice", MAPS, "save_best=mDice: the validation does not measure it; there are aAcc, mIoU, mAcc"),
        ("IoU-sky", MAPS, "save_best=IoU-sky: the validation does not measure it"),
        ("bbox_mAP", BOXES, "save_best=bbox_mAP: the validation does not measure it; did you mean coco/bbox_mAP?"),
        ("box/AP", BOXES, "save_best=box/AP: the validation does not measure it; did you mean coco/bbox_mAP?"),
        ("mask/AP75", BOXES, "did you mean coco/segm_mAP_75?"),
        ("box/AP-cat", {**BOXES, "classwise": True}, "did you mean coco/bbox_AP-cat?"),
        ("coco/segm_mAP", {"type": "mimseg.CocoAP"}, "did you mean coco/"),
        ("box/AP", BOXES, "did you mean coco/bbox_mAP?"),  # as metrics.json calls it
        ("mask/APs", BOXES, "did you mean coco/segm_mAP_s?"),
        ("coco/bbox_AP-cat", BOXES, "the validation does not measure it"),
        ("coco/bbox_mAP", {**BOXES, "metric_items": ["mAP_50"]}, "did you mean coco/bbox_mAP_50?"),
        ("coco/bbox_mAP", {**BOXES, "prefix": "mine"}, "did you mean mine/bbox_mAP?"),
        ("accuracy/top1", {**ACCURACY, "prefix": "mine"}, "there are mine/top1, mine/top5"),
        ("accuracy/top1", {**ACCURACY, "thrs": (0.0, 0.5)}, "did you mean accuracy/top1_thr-0."),
        (["accuracy/top1", "accuracy/top7"], ACCURACY, "save_best=accuracy/top7: the validation does not measure it"),
        ("mIoU", None, "save_best=mIoU: this run validates nothing, so there is no best; leave it out"),
    ],
)
def test_what_is_not_is_refused_with_the_closest_name(name, evaluator, line):
    with pytest.raises(ValueError, match="^default_hooks.checkpoint.") as error:
        check_best(config(name, evaluator))
    assert line in str(error.value)
