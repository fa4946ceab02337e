"""The papers' names and per cent."""

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


def test_the_ap_of_a_class_keeps_box_and_mask_apart():
    given = {"coco/bbox_AP-hot dog": 0.25, "coco/segm_AP-hot dog": 0.125, "coco/bbox_AP-cat": float("nan")}
    assert paper_metrics(given) == {"box/AP-hot dog": 25.0, "mask/AP-hot dog": 12.5}


def test_what_was_not_measured_has_no_number():
    assert paper_metrics({}) == {}
    assert paper_metrics({"mIoU": float("nan"), "coco/bbox_mAP": -1.0, "IoU-sky": np.float64("nan")}) == {}
