"""Fixed position embeddings for whatever grid an image has."""

import torch
from torch import Tensor, nn

from ..ops.posembed import sincos_2d


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
