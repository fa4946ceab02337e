"""The dense ViT encoder of SimMIM, MaskFeat and FastMIM: what is masked is replaced and keeps its place."""

import math
from collections.abc import Collection, Iterator
from itertools import repeat
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.patches import patch_grid
from ...registry import MODELS
from .archs import find_arch
from .base import Latent
from .dense_encoder import DenseEncoder, MaskAt, check_truncate
from .init import init_normal, init_transformer
from .plain_vit import ARCHS, PlainViT, ViTArch
from .positions import LearnedPositions, make_positions
from .relative_positions import RelativePositionBias
from .vit_blocks import Linear, make_blocks

PositionKind = Literal["relative", "learned", "sincos", "sincos_per_grid"]
Sharing = Literal["model", "block"]
Init = Literal["beit", "normal", "xavier"]


@MODELS.register_module()
class DenseViT(PlainViT, DenseEncoder):
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
        mask_at: 'tokens' or 'pixels', see :class:`DenseEncoder` for it and the next two.
        learn_token: whether the mask token learns.
        mask_size: side in pixels of what is masked as one.

    Raises:
        ValueError: unknown arch, ``positions``, ``relative_sharing`` or ``init``, tables of blocks without relative
            positions, heads that do not divide the width, an image size that is no multiple of the patch size, or what
            :class:`DenseEncoder` raises.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int],
        arch: str | ViTArch = "base",
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
        size = find_arch(arch, ARCHS, "ViT")
        dim, depth, heads = size["embed_dim"], size["depth"], size["num_heads"]
        check_truncate(truncate, depth)
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        super().__init__(patch_size, patch_size, in_channels, dim, dim, mask_at, learn_token, mask_size)
        self.patch_embed = Linear(patch_size * patch_size * in_channels, dim)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        grid, relative = patch_grid(height, width, patch_size), positions == "relative"
        self.leaves_out = not relative and self.split == 1
        self.relative_position_bias: nn.Module | None = None
        if relative and relative_sharing == "model":
            self.relative_position_bias = RelativePositionBias(heads, grid)
        elif relative:
            tables = (RelativePositionBias(heads, grid) for _ in range(depth - truncate))
            self.relative_position_bias = nn.ModuleList(tables)
        self.positions = None if relative else make_positions(positions, dim, patch_size, image_size)
        self.blocks = make_blocks(dim, depth, heads, drop_path, layer_scale, truncate)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
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

    def layer_of(self, name: str) -> int:
        """Give the layer of a parameter: embeddings 0, block i (from 0) and a table of its own i + 1.

        The final norm and a table that all blocks share are of the last.
        """
        part, first, *_ = [*name.split("."), ""]
        if part == "relative_position_bias":
            return int(first) + 1 if first.isdecimal() else self.num_layers - 1
        return super().layer_of(name)

    def tap(self, blocks: Collection[int]) -> None:
        """Give the tokens that leave these blocks (0-based), too, from now on.

        Raises:
            ValueError: there is no such block.
        """
        depth = len(self.blocks)
        if wrong := [block for block in blocks if not 0 <= block < depth]:
            raise ValueError(f"a task reads block {wrong[0]} of a DenseViT with {depth}; set reads to 0 .. {depth - 1}")
        self.taps = frozenset(blocks)

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode ``(B, C, H, W)`` into ``(B, 1 + L, D)``, masked or not; where a patch is thrown away, zeros."""
        grid = self.token_grid(images)
        x = self.sequence(self.embed_masked(images, mask, tokens), grid)
        thrown = mask if mask is not None and mask.throws else None
        if thrown is not None:
            x = torch.cat([x[:, :1], thrown.leave_out_thrown(x[:, 1:])], dim=1)
        recompute = self.activation_checkpointing and self.training
        taps = {}
        for index, (block, bias) in enumerate(zip(self.blocks, self.position_biases(grid), strict=True)):
            x = checkpoint(block, x, None, bias, use_reentrant=False) if recompute else block(x, None, bias)
            if index in self.taps:
                taps[index] = put_back(x, thrown)
        return Latent(put_back(self.norm(x), thrown), self.grid_of(images), self.prefix, mask, "raster", taps=taps)

    def position_biases(self, grid: tuple[int, int]) -> Iterator[Tensor | None]:
        """Compute what each block adds to the logits of attention, see :class:`PlainViT`."""
        tables = self.relative_position_bias
        if isinstance(tables, nn.ModuleList):
            yield from (table(grid) for table in tables)
        else:
            yield from super().position_biases(grid) if tables is None else repeat(tables(grid), len(self.blocks))


def put_back(x: Tensor, thrown: PatchMask | None) -> Tensor:
    """Tokens ``(B, 1 + N, D)`` with zeros for the patches that were thrown away, if any."""
    return x if thrown is None else torch.cat([x[:, :1], thrown.put_back(x[:, 1:])], dim=1)
