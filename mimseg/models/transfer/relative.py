"""Relative positions in the attention of ViTs for detection and segmentation.

Shapes: d width of a head, h w sides of a grid of tokens (the image's or a window's), N = h * w.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...ops.bf16 import attention
from ..backbones.relative_positions import RelativePositionBias
from ..backbones.vit_blocks import Mix

Pair = tuple[int, int]


class DecomposedPositions(nn.Module):
    """A learned vector for every distance in rows and in columns, multiplied with the queries.

    MViTv2's (Li et al. 2022, equation 5), as ViTDet has them: ``q . rows[y_q - y_k] + q . columns[x_q - x_k]`` is added
    to the scaled logits, the same vectors for all heads, zero at the start. What a query asks of all rows and columns
    becomes ``h + w`` more entries of that query, and each key marks its row and column in as many, so that the sum is
    one product of queries and keys in fused attention: no ``(N, N)`` matrix is ever made, neither forward nor backward.

    Args:
        head_dim: d.
        grid: (h, w) that the vectors are for.
        stretch: another grid resizes them, as it does an absolute table; False takes those of its distances, which
            must not be longer.

    Attributes:
        rows: ``(2h - 1, d)``, query minus key.
        columns: ``(2w - 1, d)``.
    """

    def __init__(self, head_dim: int, grid: Pair, stretch: bool) -> None:
        super().__init__()
        self.stretch = stretch
        self.rows, self.columns = (nn.Parameter(torch.zeros(2 * side - 1, head_dim)) for side in grid)

    def mixer(self, grid: Pair) -> Mix:
        """Attention over the tokens of a grid, queries ``(B, heads, N, d)``."""
        rows, columns = (self._pairs(table, side) for table, side in zip((self.rows, self.columns), grid, strict=True))

        def mix(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            width, more = query.shape[-1], sum(grid)
            scale = (width + more) ** 0.5  # by which attention divides
            cells = query.unflatten(2, grid)
            asked = (
                torch.einsum("bnhwd,hkd->bnhwk", cells, (rows * scale).to(query.dtype)),
                torch.einsum("bnhwd,wkd->bnhwk", cells, (columns * scale).to(query.dtype)),
            )
            query = torch.cat([query * (scale / width**0.5), *(part.flatten(2, 3) for part in asked)], dim=-1)
            marks = _marks(grid, key).expand(*key.shape[:2], -1, -1)
            mixed = attention(query, torch.cat([key, marks], dim=-1), F.pad(value, (0, more)))
            return mixed[..., :width]

        return mix

    def _pairs(self, table: Tensor, side: int) -> Tensor:
        """Compute the vectors of one axis for every pair ``(side, side, d)``, query by key."""
        length = 2 * side - 1
        if self.stretch and len(table) != length:
            table = F.interpolate(table.t().unsqueeze(0), size=length, mode="linear")[0].t()
        at = torch.arange(side, device=table.device)
        return table[at.unsqueeze(1) - at + len(table) // 2]


def _marks(grid: Pair, like: Tensor) -> Tensor:
    """Mark the row and column of every token as ones among zeros ``(N, h + w)``."""
    h, w = grid
    rows, columns = (torch.eye(side, dtype=like.dtype, device=like.device) for side in grid)
    return torch.cat([rows.repeat_interleave(w, dim=0), columns.repeat(h, 1)], dim=1)


class TablePositions(RelativePositionBias):
    """The table of :class:`RelativePositionBias` for an image's grid or a window's, with or without a class token.

    Args:
        num_heads: number of heads.
        grid: (h, w) that the table is for.
        stretch: another grid resizes it, as it does an absolute table; False takes the numbers of its distances, which
            must not be longer.
        class_token: whether one comes before the patches.
    """

    def __init__(self, num_heads: int, grid: Pair, stretch: bool, class_token: bool) -> None:
        super().__init__(num_heads, grid)
        self.stretch = stretch
        self.class_token = class_token

    def mixer(self, grid: Pair) -> Mix:
        """Attention over the tokens of a grid, queries ``(B, heads, N, d)``, or ``1 + N`` with a class token."""
        bias = self(grid if self.stretch else self.grid)
        if not self.class_token:
            bias = bias[:, 1:, 1:]
        if not self.stretch and grid != self.grid:
            bias = _corner(bias, self.grid, grid)
        return with_bias(bias)


def with_bias(bias: Tensor) -> Mix:
    """Attention with a bias ``(heads, N, N)`` on the logits, rounded once for all blocks that share it."""
    device = bias.device.type
    if torch.is_autocast_enabled(device):
        bias = bias.to(torch.get_autocast_dtype(device))
    return lambda query, key, value: attention(query, key, value, bias)


def _corner(bias: Tensor, old: Pair, new: Pair) -> Tensor:
    """Of a bias for the pairs of one grid, those of a smaller grid in its corner: ``(heads, N, N)``."""
    h, w = new
    pairs: Tensor = bias.unflatten(2, old).unflatten(1, old)
    return pairs[:, :h, :w, :h, :w].flatten(3, 4).flatten(1, 2)
