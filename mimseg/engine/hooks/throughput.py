"""Images per second, memory on a CPU, and an alarm when the data is too slow."""

import resource
import sys
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...registry import HOOKS
from .log_interval import logs_after

ALARM_SHARE = 0.5


@HOOKS.register_module()
class ThroughputHook(Hook):
    """Log ``img_per_s`` over all processes, and on a CPU ``memory``: the peak of this process in MiB.

    Without MMEngine's timer there is no rate. Warns once if waiting for data takes more than half of the time over
    ``window`` iterations.

    Args:
        window: iterations that the alarm and the rate average over.
    """

    priority = 55  # after the timer, before the logger

    def __init__(self, window: int = 50) -> None:
        self.window = window
        self._seen = 0
        self._warned = False
        self._loader: DataLoader[Any] | None = None

    def before_train_epoch(self, runner: Runner) -> None:
        """Average anew where a stage with other images or another batch begins."""
        if runner.train_dataloader is not self._loader:
            self._loader, self._seen = runner.train_dataloader, 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Compute from the timer's history when the log is about to be written."""
        self._seen += 1
        if not logs_after(runner, batch_idx):
            return
        hub = runner.message_hub
        if not torch.cuda.is_available():
            hub.update_scalar("train/memory", peak_memory())
        if "train/time" not in hub.log_scalars:
            return  # without a timer; the runner has warned of that
        window = min(self.window, self._seen)
        seconds = hub.get_scalar("train/time").mean(window)
        images = runner.train_dataloader.batch_size * runner.world_size
        hub.update_scalar("train/img_per_s", images / seconds)
        if self._seen > self.window:
            self._check_data_time(runner, hub.get_scalar("train/data_time").mean(window) / seconds)

    def _check_data_time(self, runner: Runner, share: float) -> None:
        if self._warned or share <= ALARM_SHARE:
            return
        self._warned = True
        workers = runner.train_dataloader.num_workers
        runner.logger.warning(
            f"{share:.0%} of the time goes into waiting for data: raise train_dataloader.num_workers "
            f"(now {workers}), put the images on a faster disk or store them smaller"
        )


def peak_memory() -> int:
    """Peak resident memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024) if sys.platform == "darwin" else peak // 1024
