"""MAE's learning-rate schedule, counted in fractional epochs, and the config shorthand for it."""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from ..registry import PARAM_SCHEDULERS

SCHEDULE_KEYS = ("epochs", "warmup_epochs", "min_lr", "val_interval")


def warmup_cosine(epoch: float, peak: float, epochs: float, warmup_epochs: float, min_lr: float) -> float:
    """Rate at the fractional ``epoch``: linear from 0 to ``peak``, then half a cosine to ``min_lr``."""
    if epoch < warmup_epochs:
        return peak * epoch / warmup_epochs
    phase = (epoch - warmup_epochs) / (epochs - warmup_epochs)
    return min_lr + (peak - min_lr) * 0.5 * (1.0 + math.cos(math.pi * phase))


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(_ParamScheduler):
    """:func:`warmup_cosine` for every iteration (MAE, appendix A.1; the released code's ``lr_sched``).

    Progress is whole epochs plus the part of the running one, so an epoch whose length changes does not bend
    the curve: set :attr:`epoch_length` when the epoch starts. As in MAE's code, the batches that are
    accumulated into one optimizer step share the rate of the first of them. A group's ``lr_scale`` (layer-wise
    decay) scales its ``min_lr``, too.

    Args:
        optimizer: wrapper whose groups' ``lr`` is the peak.
        end: E, epochs of the run.
        warmup_epochs: W < E.
        epoch_length: iterations per epoch.
        min_lr: rate at the end, absolute (not scaled with the batch).
    """

    def __init__(
        self, optimizer: OptimWrapper, end: int, warmup_epochs: float, epoch_length: int, min_lr: float = 0.0
    ) -> None:
        self.epochs = end
        self.warmup_epochs = warmup_epochs
        self.min_lr = min_lr
        self.epoch_length = epoch_length
        self.accumulation = optimizer._accumulative_counts
        self.epochs_done = 0
        self.iterations_done = -1  # of the running epoch; the constructor makes the first step
        super().__init__(optimizer, "lr", by_epoch=False)

    @classmethod
    def build_iter_from_epoch(
        cls, optimizer: OptimWrapper, end: int, warmup_epochs: float, epoch_length: int, min_lr: float = 0.0
    ) -> "WarmupCosineLR":
        """What MMEngine calls for ``convert_to_iter_based=True``, with the length of the loader."""
        return cls(optimizer, end, warmup_epochs, epoch_length, min_lr)

    def step(self) -> None:
        """Set the rate of the coming iteration."""
        self.iterations_done += 1
        if self.iterations_done == self.epoch_length:
            self.epochs_done, self.iterations_done = self.epochs_done + 1, 0
        first = self.iterations_done - self.iterations_done % self.accumulation
        epoch = self.epochs_done + first / self.epoch_length
        for group, peak in zip(self.optimizer.param_groups, self.base_values, strict=True):
            min_lr = self.min_lr * group.get("lr_scale", 1.0)
            group["lr"] = warmup_cosine(epoch, peak, self.epochs, self.warmup_epochs, min_lr)
        self._last_value = [group["lr"] for group in self.optimizer.param_groups]


def expand_schedule(cfg: Config) -> None:
    """Turn ``schedule`` into ``train_cfg`` and ``param_scheduler``, in place.

    ``schedule`` is ``dict(epochs=..., warmup_epochs=..., min_lr=0.0, val_interval=1)``; the last counts epochs
    from one validation to the next, where the config has any (the last epoch is always validated). A config
    without ``schedule``, which spells both out, is left alone.

    Raises:
        ValueError: unknown or missing key, a number out of range, or ``schedule`` next to what it stands for.
    """
    schedule = cfg.pop("schedule", None)
    if schedule is None:
        return
    _check_schedule(schedule)
    for key in ("train_cfg", "param_scheduler"):
        if cfg.get(key) is not None:
            raise ValueError(f"config has both schedule and {key}: schedule makes {key}; delete one of the two")
    interval = schedule.get("val_interval", 1)
    cfg.train_cfg = {"type": "PretrainLoop", "max_epochs": schedule["epochs"], "val_interval": interval}
    cfg.param_scheduler = {
        "type": "WarmupCosineLR",
        "end": schedule["epochs"],
        "warmup_epochs": schedule["warmup_epochs"],
        "min_lr": schedule.get("min_lr", 0.0),
        "convert_to_iter_based": True,
    }


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    for key in schedule:
        if key not in SCHEDULE_KEYS:
            close = get_close_matches(key, SCHEDULE_KEYS, 1, 0.0)[0]
            raise ValueError(f"schedule.{key}: unknown key; did you mean schedule.{close}?")
    for key in ("epochs", "warmup_epochs"):
        if key not in schedule:
            raise ValueError(f"schedule.{key} is missing; write schedule=dict(epochs=..., warmup_epochs=...)")
    epochs, warmup, min_lr = schedule["epochs"], schedule["warmup_epochs"], schedule.get("min_lr", 0.0)
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"schedule.epochs must be a whole number of at least 1, got {epochs!r}")
    if not 0 <= warmup < epochs:
        raise ValueError(f"schedule.warmup_epochs must be at least 0 and less than epochs={epochs}, got {warmup!r}")
    interval = schedule.get("val_interval", 1)
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(f"schedule.val_interval must be a whole number of at least 1, got {interval!r}")
    if min_lr < 0:
        raise ValueError(f"schedule.min_lr must not be negative, got {min_lr!r}")
