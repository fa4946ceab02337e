"""Relative positions of ViTs: what attention adds for the distance between two patches."""

import torch
from torch import Tensor, nn

from ...ops.posembed import resize_grid


class RelativePositionBias(nn.Module):
    """A learned number per head for every distance between two patches, added to the logits of attention.

    The table of BEiT: a row for each difference (rows, columns) of positions, query minus key, in raster order, then
    three for the class token: as query, as key, and with itself. It starts at zero.

    Args:
        num_heads: number of heads.
        grid: patch grid (h, w) of the table; for images with another one it is resized bicubically.

    Attributes:
        table: ``((2h - 1) * (2w - 1) + 3, num_heads)``.
        size: ``[h, w]``, so that a checkpoint tells the table's grid.
    """

    size: Tensor

    def __init__(self, num_heads: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid
        self.table = nn.Parameter(torch.zeros((2 * grid[0] - 1) * (2 * grid[1] - 1) + 3, num_heads))
        self.register_buffer("size", torch.tensor(grid))
        self.index = torch.empty(0, dtype=torch.long)  # no buffer: averages of a model copy those, shape by shape
        self.index_grid = (0, 0)

    def forward(self, grid: tuple[int, int]) -> Tensor:
        """Compute the bias ``(heads, 1 + L, 1 + L)`` of a patch grid, query by key, the class token first."""
        if grid != self.index_grid or self.index.device != self.table.device:
            with torch.inference_mode(False):  # an index made in that mode could not be trained with later
                self.index, self.index_grid = relative_index(grid, self.table.device), grid
        old, new = ((2 * h - 1, 2 * w - 1) for h, w in (self.grid, grid))
        table = torch.cat([resize_grid(self.table[:-3], old, new), self.table[-3:]])
        return table.t()[:, self.index]


def relative_index(grid: tuple[int, int], device: torch.device) -> Tensor:
    """Index the table of :class:`RelativePositionBias`: the row of each pair of tokens, ``(1 + L, 1 + L)``."""
    h, w = grid
    rows = torch.arange(h, device=device).repeat_interleave(w)
    columns = torch.arange(w, device=device).repeat(h)
    down = rows.unsqueeze(1) - rows + h - 1
    right = columns.unsqueeze(1) - columns + w - 1
    distances = (2 * h - 1) * (2 * w - 1)
    index = torch.full((1 + h * w, 1 + h * w), distances + 2, device=device)
    index[0, 1:], index[1:, 0] = distances, distances + 1
    index[1:, 1:] = down * (2 * w - 1) + right
    return index
