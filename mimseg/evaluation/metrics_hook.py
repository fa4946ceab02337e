"""Keeps what the validations of a labelled run measured, and refuses data whose classes are not the model's."""

from contextlib import suppress
from operator import attrgetter
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

from ..engine.hooks.pending import is_done
from ..registry import HOOKS
from .extraction import classes_of, refuse_other_classes
from .metrics_file import merge_metrics, read_metrics
from .paper_metrics import paper_metrics

HEADS = ("roi_head.bbox_head", "roi_head.mask_head", "bbox_head", "mask_head", "decode_head", "auxiliary_head")
"""Of detectors and segmentors that have a number of classes; a head may be a list of them."""


@HOOKS.register_module()
class MetricsHook(Hook):
    """Write every validation to ``metrics.json`` in the work folder, and the last one once more as ``end``.

    For example ``{"val": {"epoch_1": {"accuracy/top1": 41.0}, "end": {...}}}``, or ``iter_4000`` where the run counts
    iterations; boxes and masks are measured as :func:`~mimseg.evaluation.paper_metrics` names it. Before a run, the
    classes of its datasets are compared with each other and with the model's number: a missing class folder would shift
    all labels behind it.

    Raises:
        ValueError: on starting, where the classes differ.
    """

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def before_train(self, runner: Runner) -> None:
        """Compare the classes of training, validation and model; take up the numbers of the last validation."""
        train = runner.train_dataloader.dataset
        _check_number(train, runner.bare_model, "train_dataloader")
        if getattr(runner, "resuming", False) and is_done(runner):
            self.last = read_metrics(runner.work_dir).get("val", {}).get(_moment(runner), {})
        if runner.val_loop is not None:
            refuse_other_classes(train, runner.val_dataloader.dataset, "the training images", "those for validation")

    def before_test(self, runner: Runner) -> None:
        """Compare the classes of the test images and the model."""
        _check_number(runner.test_dataloader.dataset, runner.bare_model, "test_dataloader")

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Write the numbers of this validation."""
        named = paper_metrics(metrics or {})
        self.last = {name: float(value) for name, value in named.items()}
        if is_main_process():
            merge_metrics(runner.work_dir, {"val": {_moment(runner): self.last}})

    def after_train(self, runner: Runner) -> None:
        """Name the numbers that the run ended with."""
        if self.last and is_main_process():
            merge_metrics(runner.work_dir, {"val": {"end": self.last}})


def _moment(runner: Runner) -> str:
    by_iteration = isinstance(runner.train_loop, IterBasedTrainLoop)
    return f"iter_{runner.iter}" if by_iteration else f"epoch_{runner.epoch}"


def _check_number(dataset: Any, model: nn.Module, loader: str) -> None:
    classes = classes_of(dataset)
    settings = class_numbers(model)
    if not settings:
        raise TypeError(f"MetricsHook: {type(model).__name__} does not tell its number of classes; remove the hook")
    wrong = [f"{setting}={number}" for setting, number in settings.items() if classes and number != len(classes)]
    if classes is not None and wrong:
        data = "complete the class folders" if "model.num_classes" in settings else "correct metainfo.classes"
        raise ValueError(
            f"{loader} has {len(classes)} classes, but {' and '.join(wrong)}; "
            f"set {'it' if len(wrong) == 1 else 'them'} to {len(classes)}, or {data}"
        )


def class_numbers(model: nn.Module) -> dict[str, int]:
    """The settings that hold a model's number of classes, and their values: those of its heads, or else its own.

    mmseg's segmentors repeat the number of a head as their own, which is no setting.
    """
    found: dict[str, int] = {}
    for place in HEADS:
        with suppress(AttributeError):
            head = attrgetter(place)(model)
            parts: dict[str, Any] = (
                {f"{place}.{i}": part for i, part in enumerate(head)} if isinstance(head, nn.ModuleList) else {}
            )
            for name, part in (parts or {place: head}).items():
                if hasattr(part, "num_classes") and not getattr(part, "class_agnostic", False):
                    found[f"model.{name}.num_classes"] = part.num_classes
    own: Any = getattr(model, "num_classes", None)
    return found or ({} if own is None else {"model.num_classes": own})
