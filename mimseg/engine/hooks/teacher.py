"""Moves EMA teachers after optimizer steps."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class TeacherHook(Hook):
    """Call ``model.update_teachers(epoch)`` once per optimizer step, not per accumulated batch."""

    priority = "ABOVE_NORMAL"

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Move the teachers if this iteration ended in a step."""
        if runner.optim_wrapper.stepped:
            runner.bare_model.update_teachers(runner.epoch)
