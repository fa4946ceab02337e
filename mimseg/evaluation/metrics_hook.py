"""Keeps what the validations of a classifier measured, and refuses data whose classes are not the model's."""

from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mimseg.evaluation.extraction import classes_of, refuse_other_classes
from mimseg.evaluation.metrics_file import merge_metrics
from mimseg.registry import HOOKS


@HOOKS.register_module()
class MetricsHook(Hook):
    """Write every validation to ``metrics.json`` in the work folder, and the last one once more as ``end``.

    For example ``{"val": {"epoch_1": {"accuracy/top1": 41.0}, "end": {...}}}``. Before a run, the classes of its
    datasets are compared with each other and with the model's number: a missing class folder would shift all labels
    behind it.

    Raises:
        ValueError: on starting, where the classes differ.
    """

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def before_train(self, runner: Runner) -> None:
        """Compare the classes of training, validation and model."""
        train = runner.train_dataloader.dataset
        _check_number(train, runner.bare_model, "train_dataloader")
        if runner.val_loop is not None:
            refuse_other_classes(train, runner.val_dataloader.dataset, "the training images", "those for validation")

    def before_test(self, runner: Runner) -> None:
        """Compare the classes of the test images and the model."""
        _check_number(runner.test_dataloader.dataset, runner.bare_model, "test_dataloader")

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Write the numbers of this validation."""
        self.last = {name: float(value) for name, value in (metrics or {}).items()}
        if is_main_process():
            merge_metrics(runner.work_dir, {"val": {f"epoch_{runner.epoch}": self.last}})

    def after_train(self, runner: Runner) -> None:
        """Name the numbers that the run ended with."""
        if self.last and is_main_process():
            merge_metrics(runner.work_dir, {"val": {"end": self.last}})


def _check_number(dataset: Any, model: Any, loader: str) -> None:
    classes = classes_of(dataset)
    if classes is not None and len(classes) != model.num_classes:
        raise ValueError(
            f"{loader} has {len(classes)} classes, but model.num_classes={model.num_classes}; set it to the number of "
            "classes, or complete the class folders"
        )
