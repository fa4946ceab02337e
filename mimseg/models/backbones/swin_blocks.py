"""Swin's blocks: attention in windows, for any image size and window.

Shapes: H W here are tokens of a stage, h w the sides of a window in tokens, N = h * w, G the windows of an image.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from timm.layers import DropPath
from timm.models.swin_transformer import get_relative_position_index
from torch import Tensor, nn

from ...ops.bf16 import attention
from ...ops.posembed import resize_grid
from .vit_blocks import Linear, Mlp

Pair = tuple[int, int]
ELSEWHERE = -100.0
"""Added to the logits of tokens that the cyclic shift brought together, as in Swin's public code."""


def fit_window(grid: Pair, window: Pair) -> tuple[Pair, Pair]:
    """Choose the window and its shift in a stage of ``grid`` tokens: where that is no larger, one, not shifted."""
    (h, w), (high, wide) = window, grid
    clipped = min(h, high), min(w, wide)
    return clipped, (0 if high <= h else h // 2, 0 if wide <= w else w // 2)


def fill_up(x: Tensor, sides: Pair) -> Tensor:
    """Tokens ``(B, H, W, D)`` with zeros at the bottom and right up to multiples of ``sides``."""
    down, right = -x.shape[1] % sides[0], -x.shape[2] % sides[1]
    return F.pad(x, (0, 0, 0, right, 0, down)) if down or right else x


def cut_windows(x: Tensor, window: Pair) -> Tensor:
    """Tokens ``(B, H, W, D)`` into windows ``(B, G, N, D)``, filled up with zeros at the bottom and right."""
    h, w = window
    windows: Tensor = fill_up(x, window).unflatten(2, (-1, w)).unflatten(1, (-1, h)).transpose(2, 3)
    return windows.flatten(3, 4).flatten(1, 2)


def join_windows(windows: Tensor, window: Pair, grid: Pair) -> Tensor:
    """Inverse of :func:`cut_windows`: ``(B, G, N, D)`` to ``(B, H, W, D)`` of a grid, without what filled it up."""
    return _join_filled(windows, window, grid)[:, : grid[0], : grid[1]]


def _join_filled(windows: Tensor, window: Pair, grid: Pair) -> Tensor:
    """``(B, G, N, D)`` to the map ``(B, H', W', D)`` that they were cut from, H' W' filled up to whole windows."""
    rows, columns = (-(-side // size) for side, size in zip(grid, window, strict=True))
    x: Tensor = windows.unflatten(2, window).unflatten(1, (rows, columns)).transpose(2, 3)
    return x.flatten(3, 4).flatten(1, 2)


@dataclass(frozen=True)
class WindowPlan:
    """How a stage of some image size is cut into windows, without shift or with (Swin, section 3.2 and figure 4).

    A map that windows do not divide is filled up first and rolled then, as in Swin's public detector: what is rolled
    to the far side lies behind the filling, and ``elsewhere`` keeps it from the rows and columns before.

    Attributes:
        window: (h, w).
        shift: by how much the filled map is rolled up and left before it is cut; (0, 0) for not.
        index: rows of a table of relative positions, for every pair ``(N * N)``.
        elsewhere: ``(G, 1, N, N)``, what keeps tokens apart that the roll brought together; None without shift.
    """

    window: Pair
    shift: Pair
    index: Tensor
    elsewhere: Tensor | None

    @classmethod
    def of(cls, grid: Pair, window: Pair, shift: Pair, device: torch.device) -> "WindowPlan":
        """For a stage of ``grid`` tokens, on ``device``."""
        with torch.inference_mode(False):  # what is made in that mode could not be trained with later
            index = get_relative_position_index(*window, device=device).flatten()
            elsewhere = _elsewhere(grid, window, shift, device) if any(shift) else None
        return cls(window, shift, index, elsewhere)

    def cut(self, x: Tensor) -> Tensor:
        """Tokens ``(B, H, W, D)`` into windows ``(B, G, N, D)``: filled up with zeros, rolled, cut."""
        if any(self.shift):
            x = fill_up(x, self.window).roll((-self.shift[0], -self.shift[1]), dims=(1, 2))
        return cut_windows(x, self.window)

    def join(self, windows: Tensor, grid: Pair) -> Tensor:
        """Inverse of :meth:`cut`: ``(B, G, N, D)`` to ``(B, H, W, D)``."""
        x = _join_filled(windows, self.window, grid)
        x = x.roll(self.shift, dims=(1, 2)) if any(self.shift) else x
        return x[:, : grid[0], : grid[1]]


def _elsewhere(grid: Pair, window: Pair, shift: Pair, device: torch.device) -> Tensor:
    """``(G, 1, N, N)``: 0 for pairs of one region of the image before the roll, :data:`ELSEWHERE` for others."""
    after = []
    for side, size, step in zip(grid, window, shift, strict=True):
        padded = -(-side // size) * size
        after.append((torch.arange(padded, device=device) >= padded - step).long())
    region = (2 * after[0].unsqueeze(1) + after[1]).view(1, len(after[0]), len(after[1]), 1)
    of = WindowPlan(window, (0, 0), region, None).cut(region).squeeze(-1)[0]
    return ((of.unsqueeze(1) != of.unsqueeze(2)) * ELSEWHERE).unsqueeze(1)


class WindowAttention(nn.Module):
    """Multi-head self-attention within windows, with a bias for every distance between two tokens.

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
        window: (h, w) that the table is for; for other windows it is resized bicubically (FastMIM, appendix A.3.2).

    Attributes:
        relative_position_bias_table: ``((2h - 1) * (2w - 1), heads)``.
    """

    def __init__(self, dim: int, num_heads: int, window: Pair) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.window = window
        self.relative_position_bias_table = nn.Parameter(
            torch.empty((2 * window[0] - 1) * (2 * window[1] - 1), num_heads)
        )
        self.qkv = Linear(dim, 3 * dim)
        self.proj = Linear(dim, dim)

    def forward(self, x: Tensor, plan: WindowPlan) -> Tensor:
        """Normalised tokens ``(B, G, N, D)`` to as many."""
        batch, windows = x.shape[:2]
        bias = self.bias(plan)
        query, key, value = (
            part.unflatten(-1, (self.num_heads, self.head_dim)).transpose(2, 3) for part in self.qkv(x).chunk(3, dim=-1)
        )
        fold = (0, 1)
        if plan.elsewhere is not None:  # what is elsewhere differs between windows, not between images: fold the former
            fold, bias = (1, 2), (bias + plan.elsewhere.to(bias.dtype)).flatten(0, 1)
        mixed = attention(query.flatten(*fold), key.flatten(*fold), value.flatten(*fold), bias.unsqueeze(0))
        mixed = mixed.view(batch, windows, self.num_heads, -1, self.head_dim).transpose(2, 3)
        out: Tensor = self.proj(mixed.flatten(3))
        return out

    def bias(self, plan: WindowPlan) -> Tensor:
        """Compute what is added to the logits of a window's pairs ``(heads, N, N)``."""
        spans = [(2 * h - 1, 2 * w - 1) for h, w in (self.window, plan.window)]
        table = resize_grid(self.relative_position_bias_table, *spans)
        length = plan.window[0] * plan.window[1]
        bias: Tensor = table[plan.index].t().unflatten(1, (length, length))
        return bias


class SwinBlock(nn.Module):
    """Pre-norm transformer block of Swin.

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
        window: (h, w) that the table of relative positions is for.
        drop_path: rate of stochastic depth.

    Attributes:
        compiles: whether ``model.compile`` compiles it.
    """

    compiles = True

    def __init__(self, dim: int, num_heads: int, window: Pair, drop_path: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, num_heads, window)
        self.drop_path1 = DropPath(drop_path) if drop_path else nn.Identity()
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim)
        self.drop_path2 = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, plan: WindowPlan) -> Tensor:
        """``(B, H, W, D)`` to ``(B, H, W, D)``."""
        mixed = plan.join(self.attn(plan.cut(self.norm1(x)), plan), (x.shape[1], x.shape[2]))
        x = x + self.drop_path1(mixed)
        out: Tensor = x + self.drop_path2(self.mlp(self.norm2(x)))
        return out


class PatchMerging(nn.Module):
    """Four neighbouring tokens become one, twice as wide.

    Args:
        dim: width D.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim)
        self.reduction = Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, H, W, D)`` to ``(B, H / 2, W / 2, 2 D)``, odd sides filled up; the four are (column, row, channel)."""
        four = fill_up(x, (2, 2)).unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).permute(0, 1, 3, 4, 2, 5).flatten(3)
        merged: Tensor = self.reduction(self.norm(four))
        return merged
