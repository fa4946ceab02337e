"""How a module runs for a while: evaluating, and without remembered casts."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode, and afterwards every part in the mode that it was in."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextmanager
def without_cast_cache() -> Iterator[None]:
    """Keep autocast from remembering rounded weights.

    Older PyTorch caches the bf16 copy of a weight made under ``no_grad`` and reuses it in the student's pass, which
    then gets no gradient (mended by pytorch/pytorch#165068).
    """
    before = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_cache_enabled(before)
