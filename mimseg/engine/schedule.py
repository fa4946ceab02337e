"""Learning-rate schedules, counted in fractional epochs, and the config shorthand for them."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from ..registry import PARAM_SCHEDULERS
from .stages import parse_stages

SCHEDULE_KEYS = (
    *("epochs", "warmup_epochs", "warmup_lr", "min_lr", "counts_warmup", "scale_limits"),
    *("steps", "gamma", "val_interval", "stages", "stop"),
)
ITERATION_KEYS = ("iterations", "warmup_iterations", "warmup_factor", "power", "val_interval")


def cosine(epoch: float, peak: float, epochs: float, first: float, min_lr: float) -> float:
    """Rate at the fractional ``epoch``: half a cosine from ``peak`` at epoch ``first`` to ``min_lr`` at the end."""
    phase = (epoch - first) / (epochs - first)
    return min_lr + (peak - min_lr) * 0.5 * (1.0 + math.cos(math.pi * phase))


class WarmupLR(_ParamScheduler):
    """A linear warm-up, and then what :meth:`rate` says, for every iteration.

    Progress is whole epochs plus the part of the running one, so an epoch whose length changes does not bend
    the curve: call :meth:`begin_epoch` when the epoch starts. As in MAE's code, the batches that are
    accumulated into one optimizer step share the rate of the first of them.

    Args:
        optimizer: wrapper whose groups' ``lr`` is the peak.
        end: E, epochs of the run.
        warmup_epochs: W < E.
        epoch_length: iterations per epoch.
        warmup_lr: rate at the start, absolute (not scaled with the batch).
        scale_limits: whether a group's ``lr_scale`` (layer-wise decay) scales the rates that are given as absolute
            numbers, too, as in MAE's code; False gives all groups the same ones, as timm's and MMEngine's schedulers.
    """

    def __init__(
        self,
        optimizer: OptimWrapper,
        end: int,
        warmup_epochs: float,
        epoch_length: int,
        warmup_lr: float = 0.0,
        scale_limits: bool = True,
    ) -> None:
        self.epochs = end
        self.warmup_epochs = warmup_epochs
        self.warmup_lr = warmup_lr
        self.scale_limits = scale_limits
        self.epoch_length = epoch_length
        self.accumulation = optimizer._accumulative_counts
        self.peak_scale = 1.0
        self.epochs_done = 0
        self.iterations_done = -1  # of the running epoch; the constructor makes the first step
        super().__init__(optimizer, "lr", by_epoch=False)

    @classmethod
    def build_iter_from_epoch(cls, optimizer: OptimWrapper, **options: Any) -> "WarmupLR":
        """What MMEngine calls for ``convert_to_iter_based=True``, with the length of the loader."""
        return cls(optimizer, **options)

    def rate(self, epoch: float, peak: float, scale: float) -> float:
        """Rate at the fractional ``epoch`` after the warm-up, of a group whose absolute rates are times ``scale``."""
        raise NotImplementedError

    def begin_epoch(self, epoch_length: int, accumulation: int, peak_scale: float = 1.0) -> None:
        """Take up what an epoch changes, and set the rate of the coming iteration again.

        Args:
            epoch_length: iterations of the epoch.
            accumulation: batches of an optimizer step.
            peak_scale: factor of the peak that the run began with, for another number of images in a step.
        """
        self.epoch_length, self.accumulation, self.peak_scale = epoch_length, accumulation, peak_scale
        self._set_rates()

    def go_to(self, epochs: int, iterations: int) -> None:
        """Set the rate of any place in the run: after so many epochs, and iterations of the running one."""
        self.epochs_done, self.iterations_done = epochs, iterations
        self._set_rates()

    def step(self) -> None:
        """Set the rate of the coming iteration."""
        self.iterations_done += 1
        if self.iterations_done == self.epoch_length:
            self.epochs_done, self.iterations_done = self.epochs_done + 1, 0
        self._set_rates()

    def _set_rates(self) -> None:
        first = self.iterations_done - self.iterations_done % self.accumulation
        epoch = self.epochs_done + first / self.epoch_length
        for group, base in zip(self.optimizer.param_groups, self.base_values, strict=True):
            peak, scale = base * self.peak_scale, group.get("lr_scale", 1.0) if self.scale_limits else 1.0
            if epoch < self.warmup_epochs:
                start = self.warmup_lr * scale
                group["lr"] = start + (peak - start) * epoch / self.warmup_epochs
            else:
                group["lr"] = self.rate(epoch, peak, scale)
        self._last_value = [group["lr"] for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(WarmupLR):
    """Warm-up, then half a cosine (MAE, appendix A.1; the released code's ``lr_sched``).

    With ``counts_warmup=True, scale_limits=False`` it is timm's ``CosineLRScheduler`` over all iterations of the run,
    as SimMIM's public code builds it (``t_initial``: the iterations of E epochs, ``warmup_t``: those of W; that code
    asks for the rate after the step, so each of its rates comes one iteration later).

    Args:
        optimizer: wrapper whose groups' ``lr`` is the peak.
        end: E, epochs of the run.
        warmup_epochs: W < E.
        epoch_length: iterations per epoch.
        min_lr: rate at the end, absolute (not scaled with the batch).
        warmup_lr: rate at the start, absolute.
        scale_limits: see :class:`WarmupLR`.
        counts_warmup: whether the cosine begins with the run, so that it has fallen by ``1 - cos(pi W / E)`` of its
            half height when the warm-up ends; otherwise it begins there, at the peak.
    """

    def __init__(
        self,
        optimizer: OptimWrapper,
        end: int,
        warmup_epochs: float,
        epoch_length: int,
        min_lr: float = 0.0,
        warmup_lr: float = 0.0,
        scale_limits: bool = True,
        counts_warmup: bool = False,
    ) -> None:
        self.min_lr = min_lr
        self.cosine_from = 0.0 if counts_warmup else warmup_epochs
        super().__init__(optimizer, end, warmup_epochs, epoch_length, warmup_lr, scale_limits)

    def rate(self, epoch: float, peak: float, scale: float) -> float:
        """The cosine's."""
        return cosine(epoch, peak, self.epochs, self.cosine_from, self.min_lr * scale)


@PARAM_SCHEDULERS.register_module()
class WarmupMultiStepLR(WarmupLR):
    """Warm-up, then the peak, times ``gamma`` from each of some epochs on (SimMIM's public code, 800 epochs).

    Args:
        optimizer: wrapper whose groups' ``lr`` is the peak.
        end: E, epochs of the run.
        warmup_epochs: W < E.
        epoch_length: iterations per epoch.
        steps: epochs, 0-based and rising, with which a lower rate begins.
        gamma: factor of each step.
        warmup_lr: rate at the start, absolute (not scaled with the batch).
        scale_limits: see :class:`WarmupLR`.
    """

    def __init__(
        self,
        optimizer: OptimWrapper,
        end: int,
        warmup_epochs: float,
        epoch_length: int,
        steps: Sequence[float],
        gamma: float = 0.1,
        warmup_lr: float = 0.0,
        scale_limits: bool = True,
    ) -> None:
        self.steps, self.gamma = list(steps), gamma
        super().__init__(optimizer, end, warmup_epochs, epoch_length, warmup_lr, scale_limits)

    def rate(self, epoch: float, peak: float, scale: float) -> float:
        """The peak, after as many steps as lie behind."""
        return peak * self.gamma ** bisect_right(self.steps, epoch)


def expand_schedule(cfg: Config) -> None:
    """Turn ``schedule`` into ``train_cfg`` and ``param_scheduler``, in place.

    ``schedule`` is ``dict(epochs=..., warmup_epochs=..., warmup_lr=0.0, min_lr=0.0, val_interval=1)`` for a cosine, or
    with ``steps=[...], gamma=0.1`` instead of ``min_lr`` for steps; ``counts_warmup`` (of a cosine) and
    ``scale_limits`` are those of :class:`WarmupCosineLR`. ``val_interval`` counts epochs from one validation
    to the next, where the config has any (the last epoch is always validated). ``stop`` ends the run after so many of
    the epochs, all schedules counting to ``epochs`` (SBAM's 400 of 800). ``stages`` change image size and batch
    on the way, see :func:`~mimseg.engine.stages.parse_stages`; the config's own batch and accumulation become the first
    stage's. None takes an inherited key away. A config without ``schedule``, which spells both out, is left alone.

    A run that is counted in iterations, as segmentation is, has ``dict(iterations=..., warmup_iterations=...,
    warmup_factor=1e-6, power=1.0, val_interval=iterations)``: a linear warm-up from ``warmup_factor`` times the peak,
    then a polynomial fall to zero.

    Raises:
        ValueError: unknown or missing key, a number out of range, or ``schedule`` next to what it stands for.
    """
    schedule = cfg.pop("schedule", None)
    if schedule is None:
        return
    schedule = {key: value for key, value in schedule.items() if value is not None}
    for key in ("train_cfg", "param_scheduler"):
        if cfg.get(key) is not None:
            raise ValueError(f"config has both schedule and {key}: schedule makes {key}; delete one of the two")
    if "iterations" in schedule:
        _expand_iterations(cfg, schedule)
    else:
        _expand_epochs(cfg, schedule)


def _expand_iterations(cfg: Config, schedule: Mapping[str, Any]) -> None:
    _check_iterations(schedule)
    end, warmup = schedule["iterations"], schedule["warmup_iterations"]
    interval = schedule.get("val_interval", end)
    cfg.train_cfg = {"type": "IterBasedTrainLoop", "max_iters": end, "val_interval": interval}
    fall = {"type": "PolyLR", "eta_min": 0.0, "power": schedule.get("power", 1.0), "begin": warmup, "end": end}
    rise = {"type": "LinearLR", "start_factor": schedule.get("warmup_factor", 1e-6), "begin": 0, "end": warmup}
    # A rise ends at the peak with its last iteration; of a single iteration LinearLR would never rise.
    cfg.param_scheduler = [{**part, "by_epoch": False} for part in ([rise, fall] if warmup > 1 else [fall])]


def _check_iterations(schedule: Mapping[str, Any]) -> None:
    _refuse_unknown(schedule, ITERATION_KEYS)
    if "warmup_iterations" not in schedule:
        raise ValueError(
            "schedule.warmup_iterations is missing; write schedule=dict(iterations=..., warmup_iterations=...)"
        )
    end, warmup = schedule["iterations"], schedule["warmup_iterations"]
    interval, factor = schedule.get("val_interval", end), schedule.get("warmup_factor", 1e-6)
    for key, value in (("iterations", end), ("val_interval", interval)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"schedule.{key} must be a whole number of at least 1, got {value!r}")
    if not isinstance(warmup, int) or not 0 <= warmup < end:
        raise ValueError(
            f"schedule.warmup_iterations must be a whole number from 0 to below iterations={end}, got {warmup!r}"
        )
    if not 0 < factor <= 1:
        raise ValueError(f"schedule.warmup_factor must be above 0 and at most 1, got {factor!r}")


def _expand_epochs(cfg: Config, schedule: Mapping[str, Any]) -> None:
    _check_schedule(schedule)
    interval = schedule.get("val_interval", 1)
    ours = "" if cfg.get("default_scope") in (None, "mimseg") else "mimseg."
    end = schedule.get("stop", schedule["epochs"])
    cfg.train_cfg = {"type": f"{ours}PretrainLoop", "max_epochs": end, "val_interval": interval}
    if "stop" in schedule:
        cfg.train_cfg.schedule_epochs = schedule["epochs"]
    if "steps" in schedule:
        kind = {"type": f"{ours}WarmupMultiStepLR", "steps": schedule["steps"], "gamma": schedule.get("gamma", 0.1)}
    else:
        kind = {"type": f"{ours}WarmupCosineLR", "min_lr": schedule.get("min_lr", 0.0)}
        kind["counts_warmup"] = schedule.get("counts_warmup", False)
    cfg.param_scheduler = {
        **kind,
        "end": schedule["epochs"],
        "warmup_epochs": schedule["warmup_epochs"],
        "warmup_lr": schedule.get("warmup_lr", 0.0),
        "scale_limits": schedule.get("scale_limits", True),
        "convert_to_iter_based": True,
    }
    if "stages" in schedule:
        _add_stages(cfg, schedule)


def _add_stages(cfg: Config, schedule: Mapping[str, Any]) -> None:
    accumulation = cfg.optim_wrapper.get("accumulative_counts", 1)
    stages = parse_stages(schedule["stages"], schedule["epochs"], cfg.train_dataloader.batch_size, accumulation)
    cfg.train_cfg.stages = stages
    cfg.train_dataloader.batch_size = stages[0]["batch_size"]
    cfg.optim_wrapper.accumulative_counts = stages[0]["accumulative_counts"]


def _refuse_unknown(schedule: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in schedule:
        if key not in known:
            close = get_close_matches(key, known, 1, 0.0)[0]
            raise ValueError(f"schedule.{key}: unknown key; did you mean schedule.{close}?")


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    _refuse_unknown(schedule, SCHEDULE_KEYS)
    for key in ("epochs", "warmup_epochs"):
        if key not in schedule:
            raise ValueError(f"schedule.{key} is missing; write schedule=dict(epochs=..., warmup_epochs=...)")
    epochs, warmup = schedule["epochs"], schedule["warmup_epochs"]
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"schedule.epochs must be a whole number of at least 1, got {epochs!r}")
    if not 0 <= warmup < epochs:
        raise ValueError(f"schedule.warmup_epochs must be at least 0 and less than epochs={epochs}, got {warmup!r}")
    interval, stop = schedule.get("val_interval", 1), schedule.get("stop", epochs)
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(f"schedule.val_interval must be a whole number of at least 1, got {interval!r}")
    if not isinstance(stop, int) or not 1 <= stop <= epochs:
        raise ValueError(f"schedule.stop must be a whole number from 1 to epochs={epochs}, got {stop!r}")
    for key in ("min_lr", "warmup_lr"):
        if schedule.get(key, 0.0) < 0:
            raise ValueError(f"schedule.{key} must not be negative, got {schedule[key]!r}")
    for key in ("counts_warmup", "scale_limits"):
        if not isinstance(schedule.get(key, False), bool):
            raise ValueError(f"schedule.{key} must be True or False, got {schedule[key]!r}")
    _check_steps(schedule)


def _check_steps(schedule: Mapping[str, Any]) -> None:
    if "steps" not in schedule:
        if "gamma" in schedule:
            raise ValueError(f"schedule.gamma={schedule['gamma']!r} is the factor of schedule.steps, which is missing")
        return
    for key, what in (("min_lr", "where a cosine ends"), ("counts_warmup", "where a cosine begins")):
        if key in schedule:
            raise ValueError(f"schedule.{key} is {what}, but schedule.steps makes steps; delete one of the two")
    steps, gamma = schedule["steps"], schedule.get("gamma", 0.1)
    first, end = schedule["warmup_epochs"], schedule["epochs"]
    rising = isinstance(steps, list | tuple) and steps and all(a < b for a, b in pairwise([*steps, end]))
    if not rising or steps[0] < first:
        raise ValueError(
            f"schedule.steps must be rising epochs, from warmup_epochs={first} to below epochs={end}, got {steps!r}"
        )
    if not 0 < gamma < 1:
        raise ValueError(f"schedule.gamma must be between 0 and 1, got {gamma!r}")
