"""Whether the metric by which the best checkpoint is kept will be measured: told before training."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from ...evaluation.paper_metrics import name_for_evaluators

SEGMENTATION = {
    "mIoU": ("IoU", "Acc"),
    "mDice": ("Dice", "Acc"),
    "mFscore": ("Fscore", "Precision", "Recall"),
}
"""What mmseg measures beside the share of all pixels, by its ``iou_metrics``."""
DETECTION = ("mAP", "mAP_50", "mAP_75", "mAP_s", "mAP_m", "mAP_l")
PROPOSALS = ("AR@100", "AR@300", "AR@1000", "AR_s@1000", "AR_m@1000", "AR_l@1000")


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
        own = name_for_evaluators(name)
        close = [own] if any(fnmatchcase(own, pattern) for pattern in known) else get_close_matches(own, known, 1)
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
    prefix, topk, thresholds = part.get("prefix") or "accuracy", part.get("topk", 1), part.get("thrs", 0.0)
    endings = [""]
    if isinstance(thresholds, list | tuple) and len(thresholds) > 1:
        endings = ["_no-thr" if threshold is None else f"_thr-{threshold:.2f}" for threshold in thresholds]
    return [f"{prefix}/top{k}{ending}" for k in ([topk] if isinstance(topk, int) else topk) for ending in endings]


def _of_label_maps(part: Mapping[str, Any]) -> list[str]:
    asked = part.get("iou_metrics", "mIoU")
    kinds = [kind for metric in _listed(asked) for kind in SEGMENTATION.get(metric, ())]
    names = ["aAcc", *(f"m{kind}" for kind in dict.fromkeys(kinds))]
    names += [f"{kind}-*" for kind in dict.fromkeys(kinds)] if part.get("classwise") else []
    return [f"{part['prefix']}/{name}" if part.get("prefix") else name for name in names]


def _of_boxes(part: Mapping[str, Any], of_a_class: str = "{}_AP-*") -> list[str]:
    names: list[str] = []
    for what in _listed(part.get("metric", "bbox")):
        if what == "proposal_fast":
            names += [f"AR@{number}" for number in part.get("proposal_nums", (100, 300, 1000))]
        elif what == "proposal":
            names += part.get("metric_items") or PROPOSALS
        else:
            names += [f"{what}_{kind}" for kind in part.get("metric_items") or DETECTION]
            names += [of_a_class.format(what)] if part.get("classwise") else []
    return [f"{part.get('prefix') or 'coco'}/{name}" for name in names]


def _of_mmdets_boxes(part: Mapping[str, Any]) -> list[str]:
    return _of_boxes(part, "*_precision")


def _listed(asked: str | Sequence[str]) -> list[str]:
    return [asked] if isinstance(asked, str) else list(asked)


NAMES: dict[str, Callable[[Mapping[str, Any]], list[str] | None]] = {
    "Accuracy": _of_accuracy,
    "ClassIoU": _of_label_maps,
    "IoUMetric": _of_label_maps,
    "CocoAP": _of_boxes,
    "CocoMetric": _of_mmdets_boxes,
}
"""The names of what an evaluator measures, by its class."""
