"""Learning-rate schedules, counted in fractional epochs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from ..registry import PARAM_SCHEDULERS

SCHEDULE_KEYS = (
    *("epochs", "warmup_epochs", "warmup_lr", "min_lr", "counts_warmup", "scale_limits"),
    *("steps", "gamma", "val_interval", "stages", "stop"),
)


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
