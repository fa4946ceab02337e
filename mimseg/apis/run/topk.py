"""Accuracies among more classes than there are: told before training."""

from collections.abc import Mapping
from typing import Any


def check_topk(cfg: Mapping[str, Any]) -> None:
    """Refuse ``topk`` of an evaluator's Accuracy that is more than the classifier's number of classes.

    Raises:
        ValueError: names the evaluator, the number of classes, and what is left of ``topk``.
    """
    classes = (cfg.get("model") or {}).get("num_classes")
    if not isinstance(classes, int):
        return
    for name in ("val_evaluator", "test_evaluator"):
        evaluator = cfg.get(name) or ()
        several = not isinstance(evaluator, Mapping)
        for place, part in enumerate(evaluator if several else [evaluator]):
            topk = part.get("topk", ())
            asked = [topk] if isinstance(topk, int) else list(topk)
            if str(part.get("type", "")).rpartition(".")[2] == "Accuracy" and max(asked, default=0) > classes:
                left = tuple(k for k in asked if k <= classes) or (1,)
                raise ValueError(
                    f"{name}{f'.{place}' if several else ''}.topk={topk}: there are only model.num_classes={classes} "
                    f"classes to be among; set {name}{f'.{place}' if several else ''}.topk={left}"
                )
