"""What the sparse and the dense ViT are: a class token and patches of one width through one kind of block."""

from collections.abc import Iterator
from itertools import repeat
from typing import TypedDict, cast

import torch
from torch import Tensor, nn

from ...ops.patches import patchify
from .base import MaskedEncoder
from .positions import LearnedPositions, Positions
from .vit_blocks import Block


class ViTArch(TypedDict):
    """Size of a ViT."""

    embed_dim: int
    depth: int
    num_heads: int


ARCHS: dict[str, ViTArch] = {
    "micro": {"embed_dim": 128, "depth": 6, "num_heads": 4},
    "tiny": {"embed_dim": 192, "depth": 12, "num_heads": 3},
    "small": {"embed_dim": 384, "depth": 12, "num_heads": 6},
    "base": {"embed_dim": 768, "depth": 12, "num_heads": 12},
    "large": {"embed_dim": 1024, "depth": 24, "num_heads": 16},
    "huge": {"embed_dim": 1280, "depth": 32, "num_heads": 16},
}


class PlainViT(MaskedEncoder):
    """A ViT without stages: its blocks attend from all tokens to all, so that attention maps can be read of any.

    Subclasses make the layers, and say which patches enter them.

    Attributes:
        patch_embed: pixels of a patch ``(B, L, P * P * C)`` to its token ``(B, L, D)``.
        cls_token: ``(1, 1, D)``.
        positions: what is added to patch tokens; None where positions are in the attention.
        blocks: of :class:`~mimseg.models.backbones.vit_blocks.Block`.
        norm: after the last block.
    """

    prefix = 1

    patch_embed: nn.Module
    cls_token: nn.Parameter
    positions: Positions | LearnedPositions | None
    blocks: nn.ModuleList
    norm: nn.Module

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart, the embedding's first."""
        return len(self.blocks) + 2

    def layer_of(self, name: str) -> int:
        """Give the layer of a parameter of this encoder: embeddings 0, block i (from 0) i + 1, final norm the last."""
        part, *rest = name.split(".")
        if part == "blocks":
            return int(rest[0]) + 1
        return self.num_layers - 1 if part == "norm" else 0

    def block(self, index: int) -> Block:
        """Get the block with this number, from 0; negative ones count from the end."""
        return cast(Block, self.blocks[index])

    def token_grid(self, images: Tensor) -> tuple[int, int]:
        """Compute the grid of embedded patches of images ``(B, C, H, W)``."""
        h, w = self.grid_of(images)
        return h // self.split, w // self.split

    def embed(self, images: Tensor) -> Tensor:
        """Embed patches ``(B, L, D)``, before masking and without positions."""
        embedded: Tensor = self.patch_embed(patchify(images, self.patch_size * self.split))
        return embedded

    def enter(self, images: Tensor) -> Tensor:
        """Make what the first block gets for full images ``(B, C, H, W)``: ``(B, 1 + L, D)`` with positions."""
        return self.sequence(self.embed(images), self.token_grid(images))

    def sequence(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """Give embedded patches ``(B, L, D)`` of a grid positions, and put the class token first: ``(B, 1 + L, D)``."""
        if self.positions is not None:
            x = x + self.positions(grid)
        return torch.cat([self.class_token().expand(x.shape[0], -1, -1), x], dim=1)

    def class_token(self) -> Tensor:
        """Make the class token ``(1, 1, D)``, with its position where that is learned."""
        if isinstance(self.positions, LearnedPositions):
            return self.cls_token + self.positions.prefix
        return self.cls_token

    def position_table(self, grid: tuple[int, int]) -> Tensor | None:
        """Compute the position embedding ``(L, D)`` of a grid; None where positions are in the attention instead."""
        return None if self.positions is None else self.positions(grid)

    def position_biases(self, grid: tuple[int, int]) -> Iterator[Tensor | None]:
        """Compute what each block adds to the logits of attention ``(heads, 1 + L, 1 + L)`` of a grid; None: nothing.

        Made block by block, as they are run.
        """
        return repeat(None, len(self.blocks))
