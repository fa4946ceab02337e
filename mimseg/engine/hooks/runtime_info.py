"""Losses into the log without a device synchronisation per step."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import RuntimeInfoHook
from mmengine.runner import Runner
from torch import Tensor

from ...registry import HOOKS
from .log_interval import logs_after


@HOOKS.register_module()
class RuntimeInfo(RuntimeInfoHook):
    """MMEngine's hook, but losses stay on the device until the log is written.

    Then all of them come over in one copy, averaged over the processes, and enter the history iteration by
    iteration. The gradient norm of the optimizer wrapper is treated alike. The loss of a task that takes no part any
    more leaves the log; its history starts anew when it is back.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Tensor]] = []

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Keep the scalars of this iteration, and hand over all of them if the log is about to be written."""
        self._waiting += ((name, value.detach()) for name, value in (outputs or {}).items())
        if runner.optim_wrapper.non_finite_flag is not None:
            self._waiting += runner.optim_wrapper.log_vars.items()
        if logs_after(runner, batch_idx):
            self._flush(runner)

    def before_gather_checkpoint(self, runner: Runner) -> None:
        """A checkpoint holds the history up to its own iteration."""
        self._flush(runner)

    def _flush(self, runner: Runner) -> None:
        if not self._waiting:
            return
        names, values = zip(*self._waiting, strict=True)
        self._waiting = []
        scalars = torch.stack([value.float().reshape(()) for value in values])
        all_reduce(scalars, op="mean")
        history = runner.message_hub.log_scalars
        for gone in [key for key in history if key.startswith("train/loss_") and key[len("train/") :] not in names]:
            del history[gone]
        for name, value in zip(names, scalars.tolist(), strict=True):
            runner.message_hub.update_scalar(f"train/{name}", value)
