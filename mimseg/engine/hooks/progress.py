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

    A model that has ``set_position`` is told before every iteration which share of the epochs (or iterations) and how
    many optimizer steps lie behind. Both follow from the counters of the run alone, so that a resume goes on exactly.

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
        if isinstance(runner.train_loop, EpochBasedTrainLoop):
            runner.bare_model.set_progress((runner.epoch + self.first) / epochs_of(runner))

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Mapping[str, Any] | None = None) -> None:
        """Progress of the coming iteration, and its place in the run."""
        model, by_epoch = runner.bare_model, isinstance(runner.train_loop, EpochBasedTrainLoop)
        if not by_epoch:
            model.set_progress((runner.iter + self.first) / runner.max_iters)
        if hasattr(model, "set_position"):
            elapsed = runner.epoch / epochs_of(runner) if by_epoch else runner.iter / runner.max_iters
            model.set_position(elapsed, runner.iter // runner.optim_wrapper._accumulative_counts)


def epochs_of(runner: Runner) -> int:
    """Epochs that schedules count to."""
    loop = runner.train_loop
    epochs: int = loop.schedule_epochs if isinstance(loop, PretrainLoop) else runner.max_epochs
    return epochs
