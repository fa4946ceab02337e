"""CMT's blocks: convolutions and attention in each.

Shapes: h w are tokens of a stage, N = h * w, r the side of the squares that a key and a value are of.
"""

import torch
import torch.nn.functional as F
from timm.layers import DropPath
from torch import Tensor, nn

from ...ops.bf16 import attention
from .vit_blocks import Linear

Pair = tuple[int, int]


class ReducedAttention(nn.Module):
    """LMHSA: multi-head self-attention whose keys and values are from a coarser grid (section 3.3, equation 4).

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
        reduction: side r of the squares of tokens of which one depth-wise convolution makes one key and value.
    """

    def __init__(self, dim: int, num_heads: int, reduction: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query = Linear(dim, dim)
        self.key_value = Linear(dim, 2 * dim)
        self.proj = Linear(dim, dim)
        self.reduce: nn.Module = nn.Identity()
        if reduction > 1:
            self.reduce = nn.Sequential(
                nn.Conv2d(dim, dim, reduction, stride=reduction, groups=dim), nn.BatchNorm2d(dim)
            )

    def forward(self, x: Tensor, grid: Pair, bias: Tensor) -> Tensor:
        """Normalised tokens ``(B, N, D)`` of a grid with N cells to as many.

        Args:
            x: the tokens.
            grid: (h, w), h and w multiples of r.
            bias: added to the logits, ``(heads, N, N / r^2)``.
        """
        coarse = self.reduce(x.transpose(1, 2).unflatten(2, grid)).flatten(2).transpose(1, 2)
        key, value = self.key_value(coarse).chunk(2, dim=-1)
        parts = (self.query(x), key, value)
        query, key, value = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in parts)
        out: Tensor = self.proj(attention(query, key, value, bias).transpose(1, 2).flatten(2))
        return out


class InvertedResidual(nn.Module):
    """IRFFN: a feed-forward network with a residual depth-wise convolution inside (section 3.4, equations 5 and 6).

    Args:
        dim: width D.
        hidden: width inside.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.expand = nn.Sequential(nn.Conv2d(dim, hidden, 1), nn.GELU(), nn.BatchNorm2d(hidden))
        self.depthwise = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.project = nn.Sequential(nn.GELU(), nn.BatchNorm2d(hidden), nn.Conv2d(hidden, dim, 1), nn.BatchNorm2d(dim))

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D, h, w)`` to ``(B, D, h, w)``."""
        x = self.expand(x)
        out: Tensor = self.project(x + self.depthwise(x))
        return out


class CMTBlock(nn.Module):
    """Local perception, attention, feed-forward network (equations 1 to 3 and 7 to 9).

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
        reduction: see :class:`ReducedAttention`.
        hidden: width inside the feed-forward network.
        drop_path: rate of stochastic depth.

    Attributes:
        compiles: whether ``model.compile`` compiles it.
    """

    compiles = True

    def __init__(self, dim: int, num_heads: int, reduction: int, hidden: int, drop_path: float = 0.0) -> None:
        super().__init__()
        self.perceive = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = ReducedAttention(dim, num_heads, reduction)
        self.drop_path1 = DropPath(drop_path) if drop_path else nn.Identity()
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = InvertedResidual(dim, hidden)
        self.drop_path2 = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """``(B, D, h, w)`` with a bias of attention ``(heads, N, N / r^2)``, N = h * w, to ``(B, D, h, w)``."""
        grid = (x.shape[2], x.shape[3])
        tokens = (x + self.perceive(x)).flatten(2).transpose(1, 2)
        tokens = tokens + self.drop_path1(self.attn(self.norm1(tokens), grid, bias))
        x, normed = (part.transpose(1, 2).unflatten(2, grid) for part in (tokens, self.norm2(tokens)))
        out: Tensor = x + self.drop_path2(self.mlp(normed))
        return out


class CMTStage(nn.Module):
    """Patches of 2 x 2 cells, then blocks that share one bias of attention.

    Args:
        in_dim: width of the cells.
        dim: width D.
        num_heads: number of heads, a divisor of D.
        reduction: see :class:`ReducedAttention`.
        hidden: width inside the feed-forward networks.
        rates: of stochastic depth, one a block.
        grid: (h, w) of patches that the bias is for; h and w multiples of r.

    Attributes:
        relative_position_bias: ``(heads, N, N / r^2)``, N = h * w, query by key; a number for each pair, not for each
            distance.
    """

    def __init__(
        self, in_dim: int, dim: int, num_heads: int, reduction: int, hidden: int, rates: list[float], grid: Pair
    ) -> None:
        super().__init__()
        self.reduction = reduction
        self.embed = nn.Conv2d(in_dim, dim, 2, stride=2)
        self.norm = nn.LayerNorm(dim)
        self.relative_position_bias = nn.Parameter(torch.randn(num_heads, *self._pairs(grid)))
        self.blocks = nn.ModuleList(CMTBlock(dim, num_heads, reduction, hidden, rate) for rate in rates)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, D', 2 h, 2 w)`` to ``(B, D, h, w)``."""
        x = self.norm(self.embed(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        bias = self.bias((x.shape[2], x.shape[3]))
        for block in self.blocks:
            x = block(x, bias)
        return x

    def bias(self, grid: Pair) -> Tensor:
        """Give the bias ``(heads, N, N / r^2)`` of a grid: where numbers differ, bicubically resized as an image."""
        bias, pairs = self.relative_position_bias, self._pairs(grid)
        if tuple(bias.shape[1:]) == pairs:
            return bias
        return F.interpolate(bias.unsqueeze(0), size=pairs, mode="bicubic", align_corners=False).squeeze(0)

    def _pairs(self, grid: Pair) -> Pair:
        """Queries and keys of a grid."""
        h, w = grid
        return h * w, (h // self.reduction) * (w // self.reduction)
