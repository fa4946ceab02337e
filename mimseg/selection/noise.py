"""Uniform noise that is a function of its place, so that it depends on no order of drawing."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..datasets.sampler import mix_seed

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def noise_at(seed: int, round_: int, indices: Tensor, columns: int) -> Tensor:
    """Noise of some images in a selection round.

    Args:
        seed: of the run.
        round_: of the selection.
        indices: int64 ``(B,)``, positions in the training set.
        columns: U, numbers per image.

    Returns:
        fp32 ``(B, U)`` in [0, 1), on the CPU: row b depends on ``(seed, round_, indices[b])`` alone.
    """
    start = np.full((1, 1), mix_seed(mix_seed(0, seed), round_), dtype=np.uint64)
    rows = _mix(start, indices.cpu().numpy().astype(np.uint64)[:, None])
    bits = _mix(rows, np.arange(columns, dtype=np.uint64)[None]) >> np.uint64(40)
    return torch.from_numpy(bits.astype(np.float32) / np.float32(1 << 24))


def _mix(state: NDArray[np.uint64], value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """:func:`mimseg.datasets.sampler.mix_seed` of arrays, which wrap around where it cuts to 64 bits."""
    mixed = state + value * GOLDEN + GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
