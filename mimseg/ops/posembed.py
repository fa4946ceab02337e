"""Fixed position embeddings."""

import torch
from torch import Tensor


def sincos_2d(grid: tuple[int, int], dim: int, temperature: float = 10000.0) -> Tensor:
    """Fixed 2-D sine-cosine position embedding ``(h * w, dim)``, fp32, of a patch grid ``(h, w)``.

    The first half of the channels encodes the column, the second half the row; each half holds sines, then cosines, of
    the coordinate divided by ``temperature ** (i / (dim / 4))``: the layout of MAE's public checkpoints.

    Raises:
        ValueError: ``dim`` is not a multiple of 4.
    """
    if dim % 4:
        raise ValueError(f"a 2-D sine-cosine position embedding needs a width divisible by 4, got {dim}")
    h, w = grid
    frequency = temperature ** (-torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
    rows, columns = torch.meshgrid(
        torch.arange(h, dtype=torch.float64), torch.arange(w, dtype=torch.float64), indexing="ij"
    )
    angles = [axis.reshape(-1, 1) * frequency for axis in (columns, rows)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], dim=1).float()
