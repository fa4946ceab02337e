"""Tells the model how far the training is."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ...registry import HOOKS
from ..loop import PretrainLoop


@HOOKS.register_module()
class ProgressHook(Hook):
    """Call ``model.set_progress`` before each epoch, or before each iteration of an iteration-based loop.

    Args:
        first: 1 gives ``(epoch + 1) / epochs``, as HPM's code has it; 0 gives ``epoch / epochs``. The epochs are those
            of the schedule, also where a budget ends the run earlier.

    Raises:
        ValueError: ``first`` is neither 0 nor 1.
    """

    priority = "HIGH"

    def __init__(self, first: int = 1) -> None:
        if first not in (0, 1):
            raise ValueError(f"ProgressHook: first must be 1, for (e+1)/E, or 0, for e/E; got {first!r}")
        self.first = first

    def before_train_epoch(self, runner: Runner) -> None:
        """Progress of the coming epoch."""
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            epochs = loop.schedule_epochs if isinstance(loop, PretrainLoop) else runner.max_epochs
            runner.bare_model.set_progress((runner.epoch + self.first) / epochs)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None) -> None:
        """Progress of the coming iteration."""
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            runner.bare_model.set_progress((runner.iter + self.first) / runner.max_iters)
