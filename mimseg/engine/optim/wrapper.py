"""Precision, accumulation, clipping and the non-finite guard around any torch optimizer."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer

from ...choices import one_of
from ...ops.bf16 import multiplies_bf16
from ...registry import OPTIM_WRAPPERS
from .flag import DeviceFlag

Precision = Literal["fp32", "bf16", "fp16"]
NonFinite = Literal["stop", "skip"]


@OPTIM_WRAPPERS.register_module()
class MIMOptimWrapper(OptimWrapper):
    """One optimizer step: autocast, accumulate, measure the gradient, clip it, and step only if it is finite.

    The total gradient norm is computed once a step and serves the log, the clipping and the guard. Where it
    is not finite, weights and optimizer state stay exactly as they were. With a fused optimizer
    (``AdamW(fused=True)`` on CPU and GPU) that decision is taken on the device, so nothing waits; an
    optimizer that is not fused waits for the device at every step. What happens next is
    :class:`~mimseg.engine.NonFiniteGuard`'s business.

    With fp16 a gradient overflow is everyday life and only makes the loss scale smaller; there, the guard
    watches the loss.

    Args:
        optimizer: what steps.
        precision: 'fp32', or autocast in 'bf16' (CPU and GPU) or 'fp16' (GPU only, with a loss scaler).
        accumulative_counts: batches per optimizer step.
        clip_grad: ``dict(max_norm=...)`` to clip the total norm (2-norm), or None.
        non_finite: 'stop' the run at the first non-finite step or 'skip' the step and go on.

    Attributes:
        stepped: an optimizer step ended the current iteration. On a CPU it is False for a skipped step; on a
            GPU the host does not wait to learn that, so a skipped step counts (harmless for an EMA teacher:
            the student it averages has not changed).
        non_finite_flag: whether that step was non-finite; None in iterations without a step.
        log_vars: device scalars of the last step worth logging: ``grad_norm`` before clipping.

    Raises:
        ValueError: unknown precision or non_finite, fp16 without a GPU, or another ``clip_grad`` than
            max_norm > 0.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        precision: Precision = "fp32",
        accumulative_counts: int = 1,
        clip_grad: Mapping[str, float] | None = None,
        non_finite: NonFinite = "stop",
    ) -> None:
        if accumulative_counts < 1:
            raise ValueError(f"optim_wrapper.accumulative_counts must be at least 1, got {accumulative_counts}")
        super().__init__(optimizer, accumulative_counts)
        self.base_param_settings = None  # MMEngine's phantom group would log an unscaled 'base_lr'
        self.device_type = optimizer.param_groups[0]["params"][0].device.type
        self.precision = _check_precision(precision, self.device_type)
        self.non_finite = one_of("optim_wrapper.non_finite", non_finite, NonFinite)
        self.max_norm = _check_clip(clip_grad)
        self.scaler = GradScaler(self.device_type) if precision == "fp16" else None
        self.fused = bool(getattr(optimizer, "_step_supports_amp_scaling", False))
        if self.device_type != "cpu" and not self.fused:
            print_log(
                f"{type(optimizer).__name__} is not fused: every step waits for the device to check the "
                "gradient; set optim_wrapper.optimizer.fused=True where it has that option",
                logger="current",
            )
        self.stepped = False
        self.non_finite_flag: DeviceFlag | None = None
        self.log_vars: dict[str, Tensor] = {}
        self._loss: Tensor | None = None

    @property
    def accumulative_counts(self) -> int:
        """Batches per optimizer step."""
        batches: int = self._accumulative_counts
        return batches

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and no gradient synchronisation in batches that do not end in a step."""
        with super().optim_context(model), self.autocast():
            yield

    def autocast(self) -> torch.autocast:
        """The precision of the run, as a context."""
        dtype = torch.float16 if self.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.device_type, dtype=dtype, enabled=self.precision != "fp32")

    def update_params(
        self,
        loss: Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Backward, and a step if the accumulation is complete."""
        self.stepped, self.non_finite_flag = False, None
        super().update_params(loss, step_kwargs, zero_kwargs)

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Backward of the (scaled) loss; remembers the loss for the guard."""
        self._loss = loss.detach() if self._loss is None else self._loss + loss.detach()
        super().backward(loss if self.scaler is None else self.scaler.scale(loss), **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Measure, clip and step; a non-finite gradient leaves weights and state untouched."""
        if self.scaler is not None:
            self.scaler.unscale_(self.optimizer)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        norm = get_total_norm([p.grad for p in parameters])
        if self.max_norm is not None:
            clip_grads_with_norm_(parameters, self.max_norm, norm)
        self.log_vars = {"grad_norm": norm}
        watched = norm if self.scaler is None or self._loss is None else self._loss
        bad = ~torch.isfinite(watched)
        self._loss = None
        self.non_finite_flag = DeviceFlag(bad)
        self.stepped = self.device_type != "cpu" or not self.non_finite_flag.value()
        self._guarded_step(bad, **kwargs)

    def _guarded_step(self, bad: Tensor, **kwargs: Any) -> None:
        if self.scaler is not None:
            self.scaler.step(self.optimizer, **kwargs)
            self.scaler.update()
            scale = self.scaler._get_scale_async()
            assert scale is not None  # it is made with the first step
            self.log_vars["loss_scale"] = scale.detach()
        elif self.fused:
            self.optimizer.found_inf = bad.float()
            self.optimizer.step(**kwargs)
            del self.optimizer.found_inf
        elif not bad:
            self.optimizer.step(**kwargs)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state, and the loss scaler's where there is one."""
        state: dict[str, Any] = super().state_dict()
        if self.scaler is not None:
            state["loss_scaler"] = self.scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up :meth:`state_dict`; a scaler state is ignored where the precision no longer needs one."""
        scaler_state = state_dict.pop("loss_scaler", None)
        if self.scaler is not None and scaler_state is not None:
            self.scaler.load_state_dict(scaler_state)
        super().load_state_dict(state_dict)


def _check_precision(precision: str, device_type: str) -> Precision:
    if precision == "fp16" and device_type != "cuda":
        raise ValueError(
            f"optim_wrapper.precision='fp16' needs a GPU, this run is on {device_type}; "
            "use 'bf16' (--amp bf16) or 'fp32'"
        )
    checked: Precision = one_of("optim_wrapper.precision", precision, Precision)
    if checked == "bf16" and device_type == "cpu" and not multiplies_bf16():
        print_log(
            "this CPU has no bf16 instructions: products run in fp32, which saves memory but no time; "
            "set optim_wrapper.precision=fp32 for speed",
            logger="current",
            level=logging.WARNING,
        )
    return checked


def _check_clip(clip_grad: Mapping[str, float] | None) -> float | None:
    if clip_grad is None:
        return None
    if set(clip_grad) != {"max_norm"} or not clip_grad["max_norm"] > 0:
        raise ValueError(
            f"optim_wrapper.clip_grad must be dict(max_norm=<positive number>) or None, got {dict(clip_grad)}"
        )
    return float(clip_grad["max_norm"])
