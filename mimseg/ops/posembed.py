"""Position embeddings: the fixed sine-cosine one, and learned ones for another grid."""

import torch
import torch.nn.functional as F
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


def resize_grid(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """A learned table ``(L, D)`` of patch grid ``old``, bicubically resized to ``(L', D)`` of grid ``new``.

    Cell centres are aligned (``align_corners=False``), as in MAE's transfer to another image size.

    Raises:
        ValueError: the table does not have one row per patch of ``old``.
    """
    if len(table) != old[0] * old[1]:
        raise ValueError(f"a position table of {len(table)} rows is not of a {old[0]}x{old[1]} patch grid")
    if old == new:
        return table
    image = table.float().t().reshape(1, -1, *old)
    resized = F.interpolate(image, size=new, mode="bicubic", align_corners=False)
    return resized.flatten(2)[0].t().contiguous().to(table.dtype)
