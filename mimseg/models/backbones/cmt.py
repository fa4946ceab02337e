"""CMT: convolutions and attention in every block."""

from typing import TypedDict

import torch
import torch.nn.functional as F
from timm.layers import DropPath
from torch import Tensor, nn

from ...ops.bf16 import attention
from ...ops.patches import patch_grid
from ...registry import MODELS
from .init import init_normal
from .vit_blocks import Linear

Pair = tuple[int, int]


class CMTArch(TypedDict):
    """Size of a CMT: width of the stem; width, blocks and heads of each stage; how much wider the IRFFN is inside."""

    stem_dim: int
    embed_dims: tuple[int, ...]
    depths: tuple[int, ...]
    num_heads: tuple[int, ...]
    mlp_ratio: float


def _arch(stem_dim: int, embed_dim: int, depths: tuple[int, ...], mlp_ratio: float) -> CMTArch:
    dims, heads = (tuple(first * 2**stage for stage in range(4)) for first in (embed_dim, 1))
    return {"stem_dim": stem_dim, "embed_dims": dims, "depths": depths, "num_heads": heads, "mlp_ratio": mlp_ratio}


ARCHS: dict[str, CMTArch] = {
    "tiny": _arch(16, 46, (2, 2, 10, 2), 3.6),
    "xsmall": _arch(16, 52, (3, 3, 12, 3), 3.77),
    "small": _arch(32, 64, (3, 3, 16, 3), 4.0),
    "base": _arch(38, 76, (4, 4, 20, 4), 4.0),
}


def resolve_cmt_arch(arch: str | CMTArch) -> CMTArch:
    """A named or spelled-out architecture.

    Raises:
        ValueError: unknown name, other keys than those of :class:`CMTArch`, not as many widths as depths and heads, or
            heads that do not divide a width.
    """
    keys = list(CMTArch.__annotations__)
    if isinstance(arch, str):
        if arch not in ARCHS:
            raise ValueError(f"unknown CMT arch {arch!r}; use one of {', '.join(ARCHS)} or a dict of {keys}")
        return ARCHS[arch]
    if set(arch) != set(keys):
        raise ValueError(f"a CMT arch dict has exactly the keys {keys}, got {sorted(arch)}")
    dims, depths, heads = arch["embed_dims"], arch["depths"], arch["num_heads"]
    if not len(dims) == len(depths) == len(heads):
        raise ValueError(
            f"a CMT has as many embed_dims as depths and num_heads, got {list(dims)}, {list(depths)} and {list(heads)}"
        )
    for stage, (dim, number) in enumerate(zip(dims, heads, strict=True)):
        if dim % number:
            raise ValueError(f"width {dim} of stage {stage} of a CMT is no multiple of {number} heads")
    return arch


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
        """The bias ``(heads, N, N / r^2)`` of a grid: where the numbers differ, bicubically resized as an image."""
        bias, pairs = self.relative_position_bias, self._pairs(grid)
        if tuple(bias.shape[1:]) == pairs:
            return bias
        return F.interpolate(bias.unsqueeze(0), size=pairs, mode="bicubic", align_corners=False).squeeze(0)

    def _pairs(self, grid: Pair) -> Pair:
        """Queries and keys of a grid."""
        h, w = grid
        return h * w, (h // self.reduction) * (w // self.reduction)


@MODELS.register_module()
class CMT(nn.Module):
    """The trunk of CMT (Guo et al., CVPR 2022): a convolutional stem and four stages, without final norm or classifier.

    As in the paper's public code, positions are a free number for every pair of a query and a key; the pairs of an
    image of another size get theirs by bicubic resizing of the ``(N, N / r^2)`` matrix. Public classifiers, FastMIM's
    included, continue with a 1 x 1 convolution to 1280 channels, BatchNorm, Swish, mean, dropout and a linear layer
    (``Classifier(expand=1280, dropout=0.1)``); FastMIM's pre-training continues with a LayerNorm
    (``DenseBackbone(add_norm=True)``).

    Args:
        arch: 'tiny', 'xsmall', 'small', 'base', or a dict of stem_dim, embed_dims, depths, num_heads, mlp_ratio.
        image_size: (H, W) or one side of the images that the position biases are for.
        in_channels: C.
        drop_path: stochastic depth rate of the last block.

    Attributes:
        stride: side in pixels of a cell of the last stage: 32 with four stages.
        embed_dim: width D of the last stage.

    Raises:
        ValueError: unknown or contradictory arch, or an image size that is no multiple of the stride.
    """

    def __init__(
        self,
        arch: str | CMTArch = "small",
        image_size: int | tuple[int, int] = 224,
        in_channels: int = 3,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        size = resolve_cmt_arch(arch)
        stem, dims, depths = size["stem_dim"], size["embed_dims"], size["depths"]
        self.embed_dim, self.stride = dims[-1], 2 ** (len(dims) + 1)
        grid = patch_grid(*((image_size, image_size) if isinstance(image_size, int) else image_size), self.stride)
        self.stem = nn.Sequential(
            *_stem_layer(in_channels, stem, 2), *_stem_layer(stem, stem), *_stem_layer(stem, stem)
        )
        rates = [drop_path * i / max(1, sum(depths) - 1) for i in range(sum(depths))]
        stages = []
        for i, (dim, depth, heads) in enumerate(zip(dims, depths, size["num_heads"], strict=True)):
            reduction, before = 2 ** (len(dims) - 1 - i), sum(depths[:i])
            stages.append(
                CMTStage(
                    in_dim=dims[i - 1] if i else stem,
                    dim=dim,
                    num_heads=heads,
                    reduction=reduction,
                    hidden=int(dim * size["mlp_ratio"]),
                    rates=rates[before : before + depth],
                    grid=(grid[0] * reduction, grid[1] * reduction),
                )
            )
        self.stages = nn.ModuleList(stages)
        self.apply(_init)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` to ``(B, D, H / 32, W / 32)``.

        Raises:
            ValueError: a side is no multiple of the stride.
        """
        return self.stage_maps(images)[-1]

    def stage_maps(self, images: Tensor) -> list[Tensor]:
        """The map ``(B, D, h, w)`` of every stage.

        Raises:
            ValueError: a side is no multiple of the stride.
        """
        patch_grid(images.shape[2], images.shape[3], self.stride)
        maps, x = [], self.stem(images)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def _stem_layer(in_dim: int, dim: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(in_dim, dim, 3, stride=stride, padding=1), nn.GELU(), nn.BatchNorm2d(dim)]


def _init(part: nn.Module) -> None:
    """Linear layers from a normal(0, 0.02), convolutions from Kaiming's normal by fan-out, biases 0, as published."""
    if isinstance(part, nn.Linear):
        init_normal(part.weight, 0.02)
    elif isinstance(part, nn.Conv2d):
        nn.init.kaiming_normal_(part.weight, mode="fan_out")
    if isinstance(part, nn.Linear | nn.Conv2d) and part.bias is not None:
        nn.init.zeros_(part.bias)
