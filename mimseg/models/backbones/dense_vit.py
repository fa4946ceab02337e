"""The dense ViT encoder of SimMIM, MaskFeat and FastMIM: what is masked is replaced and keeps its place."""

import math
from collections.abc import Callable, Collection, Iterator
from itertools import repeat
from typing import Literal

import torch
from timm.layers import DropPath, LayerScale
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.patches import patch_grid, patchify
from ...ops.posembed import resize_grid
from ...registry import MODELS
from .base import Latent
from .dense_encoder import DenseEncoder, MaskAt, check_truncate
from .init import init_normal, init_transformer
from .positions import LearnedPositions
from .sparse_vit import Arch, make_positions, resolve_arch
from .vit_blocks import Attention, Linear, Mlp

PositionKind = Literal["relative", "learned", "sincos", "sincos_per_grid"]
Sharing = Literal["model", "block"]
Init = Literal["beit", "normal", "xavier"]


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
    index: Tensor

    def __init__(self, num_heads: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.grid = grid
        self.table = nn.Parameter(torch.zeros((2 * grid[0] - 1) * (2 * grid[1] - 1) + 3, num_heads))
        self.register_buffer("size", torch.tensor(grid))
        self.register_buffer("index", torch.empty(0, dtype=torch.long), persistent=False)
        self.index_grid = (0, 0)

    def forward(self, grid: tuple[int, int]) -> Tensor:
        """The bias ``(heads, 1 + L, 1 + L)`` of a patch grid, query by key, the class token first."""
        if grid != self.index_grid:
            with torch.inference_mode(False):  # an index made in that mode could not be trained with later
                self.index, self.index_grid = relative_index(grid, self.table.device), grid
        old, new = ((2 * h - 1, 2 * w - 1) for h, w in (self.grid, grid))
        table = torch.cat([resize_grid(self.table[:-3], old, new), self.table[-3:]])
        return table.t()[:, self.index]


def relative_index(grid: tuple[int, int], device: torch.device) -> Tensor:
    """Which row of the table of :class:`RelativePositionBias` each pair of tokens reads, ``(1 + L, 1 + L)``."""
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


class BiasedBlock(nn.Module):
    """Pre-norm transformer block that may have a bias on the logits of attention, and LayerScale.

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

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """``(B, N, D)`` with a bias ``(heads, N, N)``, if any, to ``(B, N, D)``."""
        return self.with_attention(x, lambda normed: self.attn(normed, bias=bias))

    def with_attention(self, x: Tensor, attend: Callable[[Tensor], Tensor]) -> Tensor:
        """``forward(x)`` with ``attend``, of normalised tokens ``(B, N, D)``, in place of its attention."""
        x = x + self.drop_path1(self.ls1(attend(self.norm1(x))))
        out: Tensor = x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))
        return out


@MODELS.register_module()
class DenseViT(DenseEncoder):
    """ViT that sees a mask token in place of what is masked (SimMIM, section 3.2; BEiT; MaskFeat; FastMIM).

    Patches are embedded linearly; then one learned vector replaces the masked ones, and all patches and a class token
    pass the blocks; patches that a policy throws away are left out of them (AMT's public code on SimMIM), which takes
    positions that are added to the tokens. Any size that the patch size divides is taken, square or not. SimMIM's
    public code has no bias for keys, which no softmax would see. FastMIM is ``mask_at='pixels', positions='sincos',
    layer_scale=None, init='xavier'``.

    Args:
        image_size: (H, W) or one side of the images that positions are for; others resize them.
        arch: 'micro', 'tiny', 'small', 'base', 'large', 'huge', or a dict of embed_dim, depth, num_heads.
        patch_size: side of an embedded patch in pixels.
        in_channels: C; derived from the data preprocessor by :class:`MaskedImageModel` when left out of a config.
        drop_path: stochastic depth rate of the last block.
        layer_scale: at which LayerScale's factors start; None for no LayerScale.
        positions: 'relative' is a bias of attention (SimMIM); 'learned' adds a trained table to the tokens, the class
            token's too, after masking (MaskFeat); 'sincos' adds the fixed sine-cosine embedding, none to the class
            token; 'sincos_per_grid' computes that anew for every grid, whatever ``image_size`` and a checkpoint say.
        relative_sharing: of positions='relative'. 'model' has one table for all blocks, whose bias is computed once a
            step (pre-training of SimMIM and BEiT); 'block' gives every block its own, of its layer (fine-tuning there).
        init: how weights start. 'beit': normal(0, 0.02) cut at one deviation, and the layers that end the branches of
            block i (from 1) divided by sqrt(2 i) (SimMIM's public code); 'normal': normal(0, 0.02) throughout
            (MaskFeat's); 'xavier': xavier-uniform layers and normal(0, 0.02) tokens (MAE's and FastMIM's). Biases are 0
            in all of them.
        truncate: number of blocks at the end that are left out (FastMIM, Table 1c).
        mask_at: see :class:`DenseEncoder`, as for the next two.
        learn_token: likewise.
        mask_size: likewise.

    Raises:
        ValueError: unknown arch, ``positions``, ``relative_sharing`` or ``init``, tables of blocks without relative
            positions, heads that do not divide the width, an image size that is no multiple of the patch size, or what
            :class:`DenseEncoder` raises.
    """

    prefix = 1

    def __init__(
        self,
        image_size: int | tuple[int, int],
        arch: str | Arch = "base",
        patch_size: int = 16,
        in_channels: int = 3,
        drop_path: float = 0.0,
        layer_scale: float | None = 0.1,
        positions: PositionKind = "relative",
        init: Init = "beit",
        truncate: int = 0,
        mask_at: MaskAt = "tokens",
        learn_token: bool = True,
        mask_size: int | None = None,
        relative_sharing: Sharing = "model",
    ) -> None:
        one_of("encoder.positions", positions, PositionKind)
        one_of("encoder.relative_sharing", relative_sharing, Sharing)
        if relative_sharing == "block" and positions != "relative":
            raise ValueError(
                f"encoder.relative_sharing='block' is for relative positions, but encoder.positions is {positions!r}"
            )
        one_of("encoder.init", init, Init)
        dim, depth, heads = (resolve_arch(arch)[key] for key in ("embed_dim", "depth", "num_heads"))
        if dim % heads:
            raise ValueError(f"width {dim} is not a multiple of num_heads={heads}")
        check_truncate(truncate, depth)
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        super().__init__(patch_size, patch_size, in_channels, dim, dim, mask_at, learn_token, mask_size)
        self.patch_embed = Linear(patch_size * patch_size * in_channels, dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        grid, relative = patch_grid(height, width, patch_size), positions == "relative"
        self.leaves_out = not relative and self.split == 1
        rates = [drop_path * i / max(1, depth - 1) for i in range(depth - truncate)]
        self.relative_position_bias: nn.Module | None = None
        if relative and relative_sharing == "model":
            self.relative_position_bias = RelativePositionBias(heads, grid)
        elif relative:
            self.relative_position_bias = nn.ModuleList(RelativePositionBias(heads, grid) for _ in rates)
        self.positions = None if relative else make_positions(positions, dim, patch_size, image_size)
        self.blocks = nn.ModuleList(BiasedBlock(dim, heads, rate, layer_scale) for rate in rates)
        self.norm: nn.Module = nn.LayerNorm(dim, eps=1e-6)
        self.taps: frozenset[int] = frozenset()
        self._init(init)

    def _init(self, kind: Init) -> None:
        self.init_token(0.02 if kind == "beit" else float("inf"))
        if kind == "xavier":
            nn.init.normal_(self.cls_token, std=0.02)
            init_transformer(self)
            return
        weights = [part.weight for part in self.modules() if isinstance(part, nn.Linear)]
        tables = [self.positions.table] if isinstance(self.positions, LearnedPositions) else []
        for weight in [*weights, self.cls_token, *tables]:
            if kind == "beit":
                init_normal(weight, 0.02, bound=0.02)
            else:
                nn.init.normal_(weight, std=0.02)
        for name, parameter in self.named_parameters():
            if name.endswith(".bias"):
                nn.init.zeros_(parameter)
            elif kind == "beit" and name.endswith(("attn.proj.weight", "mlp.fc2.weight")):
                parameter.data.div_(math.sqrt(2 * self.layer_of(name)))

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first."""
        return len(self.blocks) + 2

    def layer_of(self, name: str) -> int:
        """The layer of a parameter: embeddings 0, block i (from 0) and a table of its own i + 1.

        The final norm and a table that all blocks share are of the last.
        """
        part, first, *_ = name.split(".") + [""]
        if part in ("blocks", "relative_position_bias") and first.isdecimal():
            return int(first) + 1
        return self.num_layers - 1 if part in ("norm", "relative_position_bias") else 0

    def tap(self, blocks: Collection[int]) -> None:
        """Give the tokens that leave these blocks (0-based), too, from now on.

        Raises:
            ValueError: there is no such block.
        """
        depth = len(self.blocks)
        if wrong := [block for block in blocks if not 0 <= block < depth]:
            raise ValueError(f"a task reads block {wrong[0]} of a DenseViT with {depth}; set reads to 0 .. {depth - 1}")
        self.taps = frozenset(blocks)

    def embed(self, images: Tensor) -> Tensor:
        """Embedded patches ``(B, (H / P) * (W / P), D)`` before masking."""
        embedded: Tensor = self.patch_embed(patchify(images, self.patch_size * self.split))
        return embedded

    def enter(self, images: Tensor) -> Tensor:
        """What the first block gets for full images ``(B, C, H, W)``, besides a bias: ``(B, 1 + L, D)``."""
        return self._sequence(self.embed(images), self.token_grid(images))

    def position_table(self, grid: tuple[int, int]) -> Tensor | None:
        """The position embedding ``(L, D)`` of a grid; None where positions are in the attention, not in the tokens."""
        return None if self.positions is None else self.positions(grid)

    def token_grid(self, images: Tensor) -> tuple[int, int]:
        """The grid of embedded patches of images ``(B, C, H, W)``."""
        h, w = self.grid_of(images)
        return h // self.split, w // self.split

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode ``(B, C, H, W)`` into ``(B, 1 + L, D)``, masked or not; where a patch is thrown away, zeros."""
        grid = self.token_grid(images)
        x = self._sequence(self.embed_masked(images, mask, tokens), grid)
        thrown = mask if mask is not None and mask.throws else None
        if thrown is not None:
            x = torch.cat([x[:, :1], thrown.leave_out_thrown(x[:, 1:])], dim=1)
        recompute = self.activation_checkpointing and self.training
        taps = {}
        for index, (block, bias) in enumerate(zip(self.blocks, self.position_biases(grid), strict=True)):
            x = checkpoint(block, x, bias, use_reentrant=False) if recompute else block(x, bias)
            if index in self.taps:
                taps[index] = put_back(x, thrown)
        return Latent(put_back(self.norm(x), thrown), self.grid_of(images), self.prefix, mask, "raster", taps=taps)

    def position_biases(self, grid: tuple[int, int]) -> Iterator[Tensor | None]:
        """What each block adds to the logits of attention ``(heads, 1 + L, 1 + L)`` for a patch grid; None: nothing."""
        tables = self.relative_position_bias
        if isinstance(tables, nn.ModuleList):
            yield from (table(grid) for table in tables)
        else:
            yield from repeat(None if tables is None else tables(grid), len(self.blocks))

    def _sequence(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """Patch tokens ``(B, L, D)`` with positions, behind the class token."""
        first: Tensor = self.cls_token
        if self.positions is not None:
            x = x + self.positions(grid)
            if isinstance(self.positions, LearnedPositions):
                first = first + self.positions.prefix
        return torch.cat([first.expand(x.shape[0], -1, -1), x], dim=1)


def put_back(x: Tensor, thrown: PatchMask | None) -> Tensor:
    """Tokens ``(B, 1 + N, D)`` with zeros for the patches that were thrown away, if any."""
    return x if thrown is None else torch.cat([x[:, :1], thrown.put_back(x[:, 1:])], dim=1)
