"""The metrics of detection and segmentation under the names, and in the per cent, of the papers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

COCO_PARTS = {"bbox": "box", "segm": "mask"}
COCO_KINDS = {"mAP": "AP", "mAP_50": "AP50", "mAP_75": "AP75", "mAP_s": "APs", "mAP_m": "APm", "mAP_l": "APl"}
COCO_NAMES = {
    f"coco/{part}_{kind}": f"{ours}/{name}" for part, ours in COCO_PARTS.items() for kind, name in COCO_KINDS.items()
}


def paper_metrics(metrics: Mapping[str, Any], evaluator: Any = None) -> dict[str, float]:
    """Numbers of an evaluator, those of COCO as ``box/AP``, ``mask/AP50`` and the like, 0 to 100.

    mmdet's COCO metrics are shares of 1, and -1 where no object has the size in question: those are left out. All other
    numbers, such as ``mIoU``, ``aAcc``, ``mAcc`` and accuracies, are in per cent already and stay as they are.

    Args:
        metrics: what the evaluator gave; entries that are no numbers are left out.
        evaluator: mmengine's, of which mmdet's COCO metrics give nothing at all where the detector found no object.
            That is an AP, AP50 and AP75 of 0, and put in.
    """
    found: dict[str, float] = {}
    for part in _coco_parts(evaluator):
        if not any(name.startswith(f"coco/{part}_") for name in metrics):
            found |= {f"{COCO_PARTS[part]}/{kind}": 0.0 for kind in ("AP", "AP50", "AP75")}
    for name, value in metrics.items():
        if isinstance(value, np.number) or (isinstance(value, Tensor) and value.numel() == 1):
            value = value.item()
        if not isinstance(value, int | float):
            continue
        if name not in COCO_NAMES:
            found[name] = value
        elif value >= 0:
            found[COCO_NAMES[name]] = round(100.0 * value, 4)
    return found


def _coco_parts(evaluator: Any) -> list[str]:
    """What of ``bbox`` and ``segm`` an evaluator measures as COCO does."""
    metrics = [metric for metric in getattr(evaluator, "metrics", ()) if type(metric).__name__ == "CocoMetric"]
    return [part for metric in metrics for part in metric.metrics if part in COCO_PARTS]
