"""Accuracies among so many classes, and among more than there are: told before training."""

from collections.abc import Mapping
from typing import Any


def topk_of(classes: int) -> tuple[int, ...]:
    """Choose the accuracies of a classifier: the best and the best five, or the best alone among five and fewer."""
    return (1, 5) if classes > 5 else (1,)


def check_topk(cfg: Mapping[str, Any], name: str) -> None:
    """Refuse ``topk`` of an evaluator's Accuracy that is more than the classifier's number of classes.

    Args:
        cfg: the config.
        name: of the evaluator that will be asked, ``"val_evaluator"`` or ``"test_evaluator"``.

    Raises:
        ValueError: names the evaluator, the number of classes, and what is left of ``topk``.
    """
    classes = (cfg.get("model") or {}).get("num_classes")
    if not isinstance(classes, int):
        return
    evaluator = cfg.get(name) or ()
    several = not isinstance(evaluator, Mapping)
    for place, part in enumerate(evaluator if several else [evaluator]):
        topk, key = part.get("topk", ()), f"{name}.{place}.topk" if several else f"{name}.topk"
        asked = [topk] if isinstance(topk, int) else list(topk)
        if str(part.get("type", "")).rpartition(".")[2] == "Accuracy" and max(asked, default=0) > classes:
            left = tuple(k for k in asked if k <= classes) or (1,)
            raise ValueError(
                f"{key}={topk}: there are only model.num_classes={classes} classes to be among; set {key}={left}"
            )
