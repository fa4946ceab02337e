"""Whether the metric by which the best checkpoint is kept will be measured: told before training."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

SEGMENTATION = ("aAcc", "mIoU", "mAcc", "mDice", "mFscore", "mPrecision", "mRecall")


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
        if name == "auto" or known is None or name in known:
            continue
        close = get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise ValueError(f"{what}: the validation does not measure it; {hint}")


def _measured(evaluator: Any) -> list[str] | None:
    """The names of what evaluators measure; None where one is not known."""
    known: list[str] = []
    for part in [evaluator] if isinstance(evaluator, Mapping) else evaluator:
        kind = str(part.get("type", "")).rpartition(".")[2]
        if kind == "Accuracy":
            topk = part.get("topk", 1)
            known += [f"accuracy/top{k}" for k in ([topk] if isinstance(topk, int) else topk)]
        elif kind == "IoUMetric":
            known += SEGMENTATION
        elif kind == "CocoMetric":
            known += [
                f"coco/{what}_mAP{part}" for what in ("bbox", "segm") for part in ("", "_50", "_75", "_s", "_m", "_l")
            ]
        else:
            return None
    return known
