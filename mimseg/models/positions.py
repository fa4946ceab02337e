"""Position embeddings for whatever grid an image has: fixed, or learned for one grid and resized for others."""

import torch
from torch import Tensor, nn

from ..ops.posembed import resize_grid, sincos_2d


class Positions(nn.Module):
    """2-D sine-cosine position embeddings, made once per grid and kept on the module's device.

    Args:
        dim: width D, a multiple of 4.
    """

    table: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.grid = (0, 0)
        self.register_buffer("table", torch.empty(0, dim), persistent=False)

    def forward(self, grid: tuple[int, int], index: Tensor | None = None) -> Tensor:
        """The embeddings ``(L, D)`` of a grid, or ``(B, K, D)`` at the patches ``index (B, K)``."""
        if grid != self.grid:
            self.table = sincos_2d(grid, self.dim).to(self.table)
            self.grid = grid
        return self.table if index is None else self.table[index]


class LearnedPositions(nn.Module):
    """A trained table that starts as the sine-cosine one; MAE fine-tunes with it (its models_vit).

    Args:
        dim: width D, a multiple of 4.
        grid: patch grid ``(h, w)`` of the table; for images with another one it is resized bicubically.

    Attributes:
        table: ``(1 + h * w, D)``, the class token's row first.
        size: ``[h, w]``, so that a checkpoint tells the table's grid.
    """

    size: Tensor

    def __init__(self, dim: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid
        self.table = nn.Parameter(torch.cat([torch.zeros(1, dim), sincos_2d(grid, dim)]))
        self.register_buffer("size", torch.tensor(grid))

    @property
    def prefix(self) -> Tensor:
        """What is added to the class token ``(1, D)``."""
        return self.table[:1]

    def forward(self, grid: tuple[int, int], index: Tensor | None = None) -> Tensor:
        """The embeddings ``(L, D)`` of a grid, or ``(B, K, D)`` at the patches ``index (B, K)``."""
        patches = resize_grid(self.table[1:], self.grid, grid)
        return patches if index is None else patches[index]
