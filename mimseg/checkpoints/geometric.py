"""Resizing tables of relative positions on a geometric progression of distances."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from torch import Tensor

RATIOS = (0.5, 2.0)
"""Between which the progression's ratio is looked for (FastMIM's public code; SimMIM's 1.01 to 1.5 only enlarges)."""


def resize_geometric(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """A table ``(R, heads)`` of ``old`` rows and columns of distances as one of ``new``, both odd.

    SimMIM and BEiT take the old distances for the terms 1, 1 + q, 1 + q + q^2, ... of a progression that ends at the
    largest new distance, so that near distances keep their numbers and only far ones are stretched; between them lies a
    bicubic spline, or a bilinear one where a side has no more than three entries. What lies beyond the last term, since
    q is limited, gets the outermost entries.
    """
    if old == new:
        return table
    image = table.double().t().unflatten(1, old)
    rows, columns = (_weights(*sizes).to(table.device) for sizes in zip(old, new, strict=True))
    resized: Tensor = rows @ image @ columns.t()
    return resized.flatten(1).t().contiguous().to(table.dtype)


def distances(old: int, new: int) -> NDArray[np.float64]:
    """Where the ``old`` entries of one side of a table lie among distances ``-(new // 2) .. new // 2``."""
    terms, reach = old // 2, new // 2
    low, high = RATIOS
    for _ in range(50):
        ratio = (low + high) / 2
        if sum(ratio**i for i in range(terms)) > reach:
            high = ratio
        else:
            low = ratio
    positive = np.cumsum(ratio ** np.arange(terms))
    return np.concatenate([-positive[::-1], [0.0], positive])


def _weights(old: int, new: int) -> Tensor:
    """The ``(new, old)`` matrix that interpolates one side of a table."""
    if old == 1:
        return torch.ones(new, 1, dtype=torch.float64)
    at = distances(old, new)
    wanted = np.clip(np.arange(new) - new // 2, at[0], at[-1])
    return torch.from_numpy(make_interp_spline(at, np.eye(old), k=3 if old > 3 else 1)(wanted))
