"""The papers' names and per cent."""

from types import SimpleNamespace

import numpy as np
import torch

from mimseg.evaluation import paper_metrics


def test_coco_shares_become_per_cent_under_the_papers_names():
    given = {
        "coco/bbox_mAP": 0.423,
        "coco/bbox_mAP_50": 0.61,
        "coco/bbox_mAP_75": 0.45,
        "coco/bbox_mAP_s": -1.0,  # no small object in the data
        "coco/segm_mAP": 0.0,
        "coco/segm_mAP_50": 1.0,
        "coco/segm_mAP_l": 0.5,
    }
    assert paper_metrics(given) == {
        "box/AP": 42.3,
        "box/AP50": 61.0,
        "box/AP75": 45.0,
        "mask/AP": 0.0,
        "mask/AP50": 100.0,
        "mask/APl": 50.0,
    }


def test_other_numbers_stay_and_other_things_go():
    given = {
        "mIoU": np.float32(42.5),
        "mAcc": -1.0,
        "knn/best_k": 10,
        "top1": torch.tensor(50.0),
        "confusion": [1, 2],
        "name": "x",
    }
    assert paper_metrics(given) == {"mIoU": 42.5, "mAcc": -1.0, "knn/best_k": 10, "top1": 50.0}


class CocoMetric:
    """As mmdet's, in name and in what it tells."""

    metrics = ["bbox", "segm", "proposal"]


def test_a_detector_that_finds_nothing_has_an_ap_of_zero():
    evaluator = SimpleNamespace(metrics=[CocoMetric()])
    zeros = {f"{part}/{kind}": 0.0 for part in ("box", "mask") for kind in ("AP", "AP50", "AP75")}
    assert paper_metrics({}, evaluator) == zeros
    found = paper_metrics({"coco/bbox_mAP": 0.5, "coco/segm_mAP": 0.25}, evaluator)
    assert found == {"box/AP": 50.0, "mask/AP": 25.0}
    assert paper_metrics({}, SimpleNamespace(metrics=[object()])) == {}
