"""Whether the metric by which the best checkpoint is kept will be measured: told before training."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

SEGMENTATION = {
    "mIoU": ("IoU", "Acc"),
    "mDice": ("Dice", "Acc"),
    "mFscore": ("Fscore", "Precision", "Recall"),
}
"""What mmseg measures beside the share of all pixels, by its ``iou_metrics``."""
DETECTION = ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")


def check_best(cfg: Mapping[str, Any]) -> None:
    """Refuse ``default_hooks.checkpoint.save_best`` that names what the run's validation does not give.

    Raises:
        ValueError: the run validates nothing, or not by this name; names the closest.
    """
    checkpoint = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    asked = checkpoint.get("save_best")
    for name in [asked] if isinstance(asked, str) else asked or []:
        what = f"default_hooks.checkpoint.save_best={name}"
        evaluator = cfg.get("val_evaluator")
        if evaluator is None:
            raise ValueError(f"{what}: this run validates nothing, so there is no best; leave it out")
        known = _measured(evaluator)
        if name == "auto" or known is None or any(fnmatchcase(name, pattern) for pattern in known):
            continue
        close = get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise ValueError(f"{what}: the validation does not measure it; {hint}")


def _measured(evaluator: Any) -> list[str] | None:
    """Patterns of the names of what evaluators measure; None where one is not known."""
    known: list[str] = []
    for part in [evaluator] if isinstance(evaluator, Mapping) else evaluator:
        names = NAMES.get(str(part.get("type", "")).rpartition(".")[2], lambda part: None)(part)
        if names is None:
            return None
        known += names
    return known


def _of_accuracy(part: Mapping[str, Any]) -> list[str]:
    topk = part.get("topk", 1)
    return [f"accuracy/top{k}" for k in ([topk] if isinstance(topk, int) else topk)]


def _of_label_maps(part: Mapping[str, Any]) -> list[str]:
    asked = part.get("iou_metrics", "mIoU")
    kinds = [kind for metric in _listed(asked) for kind in SEGMENTATION.get(metric, ())]
    names = ["aAcc", *(f"m{kind}" for kind in dict.fromkeys(kinds))]
    names += [f"{kind}-*" for kind in dict.fromkeys(kinds)] if part.get("classwise") else []
    return [f"{part['prefix']}/{name}" if part.get("prefix") else name for name in names]


def _of_boxes(part: Mapping[str, Any]) -> list[str] | None:
    asked = _listed(part.get("metric", "bbox"))
    if part.get("metric_items") is not None or not set(asked) <= {"bbox", "segm"}:
        return None
    names = [f"{what}_{kind}" for what in asked for kind in DETECTION]
    names += [f"{what}_AP-*" for what in asked] if part.get("classwise") else []
    return [f"{part.get('prefix') or 'coco'}/{name}" for name in names]


def _listed(asked: str | Sequence[str]) -> list[str]:
    return [asked] if isinstance(asked, str) else list(asked)


NAMES: dict[str, Callable[[Mapping[str, Any]], list[str] | None]] = {
    "Accuracy": _of_accuracy,
    "ClassIoU": _of_label_maps,
    "IoUMetric": _of_label_maps,
    "CocoAP": _of_boxes,
    "CocoMetric": _of_boxes,
}
"""The names of what an evaluator measures, by its class."""
