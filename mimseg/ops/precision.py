"""Arithmetic that stays in fp32 whatever surrounds it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.amp.autocast_mode import is_autocast_available


def without_autocast(like: Tensor) -> AbstractContextManager[object]:
    """A context in which autocast is off on the device of ``like``; nothing where that device has no autocast."""
    device = like.device.type
    return torch.autocast(device, enabled=False) if is_autocast_available(device) else nullcontext()


def project(x: Tensor, norm: nn.Module | None, head: nn.Module, exact: bool) -> Tensor:
    """Apply a norm and a last linear layer ``(..., D)`` to ``(..., out_dim)``.

    Args:
        x: tokens, in whatever precision.
        norm: what comes before the layer, if anything.
        head: the layer.
        exact: multiply in fp32, also inside autocast, for numbers that are ranked or thresholded: those of an image lie
            close to each other beside a common offset, and half precision makes many of them equal.
    """
    if not exact:
        predicted: Tensor = head(x if norm is None else norm(x))
        return predicted
    with without_autocast(x):
        return project(x.float(), norm, head, exact=False)
