"""The metrics of detection and segmentation under the names, and in the per cent, of the papers."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from .coco_ap import CLASS_AP

COCO_PARTS = {"bbox": "box", "segm": "mask"}
COCO_KINDS = {"mAP": "AP", "mAP_50": "AP50", "mAP_75": "AP75", "mAP_s": "APs", "mAP_m": "APm", "mAP_l": "APl"}
COCO_NAMES = {
    f"coco/{part}_{kind}": f"{ours}/{name}" for part, ours in COCO_PARTS.items() for kind, name in COCO_KINDS.items()
}


def paper_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Numbers of an evaluator, those of COCO as ``box/AP``, ``mask/AP50`` and the like, 0 to 100.

    mmdet's COCO metrics are shares of 1, and -1 or NaN where no object has the size or class in question: those are
    left out. A class's own is ``box/AP-<class>``. All other numbers, such as ``mIoU``, ``aAcc``, ``mAcc`` and
    accuracies, are in per cent already and stay as they are; a NaN, which measures nothing, is left out.

    Args:
        metrics: what the evaluator gave; entries that are no numbers are left out.
    """
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, np.number) or (isinstance(value, Tensor) and value.numel() == 1):
            value = value.item()
        if not isinstance(value, int | float) or math.isnan(value):
            continue
        ours = _coco_name(name)
        if ours is None:
            found[name] = value
        elif value >= 0:
            found[ours] = round(100.0 * value, 4)
    return found


def name_for_evaluators(name: str) -> str:
    """What an evaluator calls one of the papers' numbers, such as ``box/AP``; any other name as it is."""
    for theirs, ours in COCO_NAMES.items():
        if name == ours:
            return theirs
        if theirs.endswith("_mAP") and name.startswith(f"{ours}-"):
            return f"{theirs.removesuffix('mAP')}{CLASS_AP}{name.removeprefix(f'{ours}-')}"
    return name


def _coco_name(name: str) -> str | None:
    """The papers' name of one of mmdet's; None for another's."""
    for part, ours in COCO_PARTS.items():
        if name.startswith(f"coco/{part}_{CLASS_AP}"):
            return f"{ours}/{name.removeprefix(f'coco/{part}_')}"
    return COCO_NAMES.get(name)
