"""Keeps what the validations of a labelled run measured, and refuses data whose classes are not the model's."""

from operator import attrgetter
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn

from ..registry import HOOKS
from .extraction import classes_of, refuse_other_classes
from .metrics_file import merge_metrics, read_metrics
from .paper_metrics import paper_metrics

CLASS_NUMBERS = ("num_classes", "roi_head.bbox_head.num_classes", "decode_head.num_classes")
"""Where a classifier, a detector and a segmentor keep it."""


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
        if getattr(runner, "resuming", False) and runner.message_hub.runtime_info.get("validated") == runner.iter:
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
    setting, number = _classes_of_model(model)
    if classes is not None and len(classes) != number:
        raise ValueError(
            f"{loader} has {len(classes)} classes, but {setting}={number}; set it to the number of classes, or "
            "complete the class folders"
        )


def _classes_of_model(model: nn.Module) -> tuple[str, int]:
    """The setting of the number of classes, and its value."""
    for place in CLASS_NUMBERS:
        try:
            return f"model.{place}", attrgetter(place)(model)
        except AttributeError:
            continue
    raise TypeError(f"MetricsHook: {type(model).__name__} does not tell its number of classes; remove the hook")
