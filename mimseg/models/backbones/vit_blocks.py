"""Transformer blocks, and the part of running them that masked image modeling can save.

They are timm's ViT blocks, parameter names included, with the products of :mod:`mimseg.ops.bf16`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch.nn.functional as F
from timm.layers import DropPath, LayerScale
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...ops.bf16 import attention, linear
from ...ops.packing import Packing

Take = Callable[[Tensor], Tensor]
"""Picks tokens of ``(B, N, D)``: as many of each sequence, or packed."""
Mix = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Queries ``(B, heads, N, d)``, keys and values to what every query gets ``(B, heads, N, d)``."""


class Linear(nn.Linear):
    """``nn.Linear`` that is not slow in bf16 on CPUs without bf16 instructions."""

    def forward(self, x: Tensor) -> Tensor:
        """``(..., in)`` to ``(..., out)``."""
        return linear(x, self.weight, self.bias)


class Attention(nn.Module):
    """Multi-head self-attention.

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.head_dim = dim // num_heads
        self.qkv = Linear(dim, 3 * dim)
        self.proj = Linear(dim, dim)

    def forward(self, x: Tensor, packing: Packing | None = None, bias: Tensor | None = None) -> Tensor:
        """Normalised tokens ``(B, N, D)``, or packed ``(R, D)``, to as many.

        Of packed sequences only this is padded: queries, keys and values, a few percent of a block's work.

        Args:
            x: the tokens.
            packing: of packed ones.
            bias: added to the logits of ones that are not, ``(heads, N, N)``.
        """
        if packing is None:
            return self.project(self._mix(*self.qkv(x).chunk(3, dim=-1), mask=bias))
        padded = packing.pad(self.qkv(x))
        return self.project(packing.pack(self._mix(*padded.chunk(3, dim=-1), mask=packing.valid[:, None, None])))

    def at_last(self, x: Tensor, n: int) -> Tensor:
        """``forward(x)[:, -n:]``: all tokens serve as keys and values, but only the last ``n`` ask."""
        dim = x.shape[-1]
        weight, bias = self.qkv.weight, self.qkv.bias
        query = linear(x[:, -n:], weight[:dim], bias[:dim])
        key, value = linear(x, weight[dim:], bias[dim:]).chunk(2, dim=-1)
        return self.project(self._mix(query, key, value))

    def at_rows(self, x: Tensor, take: Take) -> Tensor:
        """``take(forward(x))``: only the rows that are taken are projected."""
        return self.project(take(self._mix(*self.qkv(x).chunk(3, dim=-1))))

    def with_mix(self, x: Tensor, mix: Mix) -> Tensor:
        """``forward(x)`` with another way to mix values: with relative positions that ask the queries, for one."""
        return self.project(mix(*self._heads(*self.qkv(x).chunk(3, dim=-1))).transpose(1, 2).flatten(2))

    def project(self, mixed: Tensor) -> Tensor:
        """Project what the heads give ``(..., D)`` to ``(..., D)``."""
        out: Tensor = self.proj(mixed)
        return out

    def _mix(self, *projected: Tensor, mask: Tensor | None = None) -> Tensor:
        """Query ``(B, N, D)``, key and value ``(B, M, D)`` to ``(B, N, D)``."""
        query, key, value = self._heads(*projected)
        return attention(query, key, value, mask).transpose(1, 2).flatten(2)

    def _heads(self, *projected: Tensor) -> list[Tensor]:
        """Query, key and value ``(B, N, D)`` of every head ``(B, heads, N, d)``.

        Cut by views whose gradients join in one copy (with all three in one leading dimension it would take two).
        """
        return [part.unflatten(-1, (self.num_heads, self.head_dim)).transpose(1, 2) for part in projected]


class Mlp(nn.Module):
    """Two layers with GELU between, four times as wide inside.

    Args:
        dim: width D.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = Linear(dim, 4 * dim)
        self.fc2 = Linear(4 * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, N, D)`` to ``(B, N, D)``."""
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm transformer block.

    Args:
        dim: width D.
        num_heads: number of heads, a divisor of D.
        drop_path: rate of stochastic depth.
        layer_scale: at which the factors of both branches start; None for no factors.

    Attributes:
        compiles: whether ``model.compile`` compiles it.
    """

    compiles = True

    def __init__(self, dim: int, num_heads: int, drop_path: float = 0.0, layer_scale: float | None = None) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, num_heads)
        self.ls1 = nn.Identity() if layer_scale is None else LayerScale(dim, layer_scale)
        self.drop_path1 = DropPath(drop_path) if drop_path else nn.Identity()
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim)
        self.ls2 = nn.Identity() if layer_scale is None else LayerScale(dim, layer_scale)
        self.drop_path2 = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, packing: Packing | None = None, bias: Tensor | None = None) -> Tensor:
        """``(B, N, D)``, or packed ``(R, D)``, to as many; see :class:`Attention` for the bias."""
        x = x + drop(self.drop_path1, self.ls1(self.attn(self.norm1(x), packing, bias)), packing)
        return x + drop(self.drop_path2, self.ls2(self.mlp(self.norm2(x))), packing)

    def at_last(self, x: Tensor, n: int) -> Tensor:
        """``forward(x)[:, -n:]`` ``(B, n, D)``: nothing is computed for rows that no loss reads."""
        return self._mlp(x[:, -n:] + self.drop_path1(self.ls1(self.attn.at_last(self.norm1(x), n))))

    def at_rows(self, x: Tensor, take: Take) -> Tensor:
        """``take(forward(x))`` for a ``take`` that picks tokens of ``(B, N, D)``."""
        return self._mlp(take(x) + self.drop_path1(self.ls1(self.attn.at_rows(self.norm1(x), take))))

    def with_attention(self, x: Tensor, attend: Callable[[Tensor], Tensor]) -> Tensor:
        """``forward(x)`` with ``attend``, of normalised tokens ``(B, N, D)``, in place of its attention."""
        return self._mlp(x + self.drop_path1(self.ls1(attend(self.norm1(x)))))

    def _mlp(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))
        return out


def drop(path: nn.Module, x: Tensor, packing: Packing | None) -> Tensor:
    """Drop path of whole samples, also of packed ones."""
    if packing is None or isinstance(path, nn.Identity):
        dropped: Tensor = path(x)
        return dropped
    scale: Tensor = path(x.new_ones(len(packing.first), 1))
    return x * scale[packing.sequence]


def make_blocks(
    dim: int,
    depth: int,
    num_heads: int,
    drop_path: float = 0.0,
    layer_scale: float | None = None,
    truncate: int = 0,
) -> nn.ModuleList:
    """Make ``depth`` pre-norm ViT blocks (MLP ratio 4, qkv bias, LayerNorm eps 1e-6) without the last ``truncate``.

    Args:
        dim: width D.
        depth: number of blocks.
        num_heads: number of heads.
        drop_path: rate of stochastic depth that the last of ``depth`` blocks has, to which it rises linearly.
        layer_scale: see :class:`Block`.
        truncate: number of blocks at the end that are left out.

    Raises:
        ValueError: the width is not a multiple of the number of heads.
    """
    if dim % num_heads:
        raise ValueError(f"width {dim} is not a multiple of num_heads={num_heads}")
    rates = [drop_path * i / max(1, depth - 1) for i in range(depth - truncate)]
    return nn.ModuleList(Block(dim, num_heads, rate, layer_scale) for rate in rates)


def run_blocks(
    blocks: Iterable[nn.Module], x: Tensor, recompute: bool = False, packing: Packing | None = None
) -> Tensor:
    """Tokens ``(B, N, D)``, or packed ``(R, D)``, through the blocks.

    ``recompute`` stores only each block's input for the backward pass.
    """
    for block in blocks:
        x = checkpoint(block, x, packing, use_reentrant=False) if recompute else block(x, packing)
    return x


def compile_blocks(module: nn.Module, options: Mapping[str, Any]) -> None:
    """Compile every transformer block inside ``module`` with ``torch.compile``, teachers' blocks included.

    Blocks of one width share their compiled code, so that compiling takes the time of a few blocks, not of the model.
    """
    for part in module.modules():
        if getattr(part, "compiles", False):
            part.compile(**{"dynamic": False, **options})
