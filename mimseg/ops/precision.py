"""Arithmetic that stays in fp32 whatever surrounds it."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available


def without_autocast(like: Tensor) -> AbstractContextManager[object]:
    """A context in which autocast is off on the device of ``like``; nothing where that device has no autocast."""
    device = like.device.type
    return torch.autocast(device, enabled=False) if is_autocast_available(device) else nullcontext()
