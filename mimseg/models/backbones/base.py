"""The contract between encoders and everything that reads them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ...ops.masking import PatchMask
from ...ops.packing import Packing
from ...ops.patches import patch_grid

Rows = Literal["masked", "all"]
"""At which patches something is predicted and compared: those that the mask names, or all."""


@dataclass(frozen=True)
class BlockFeatures:
    """Patch tokens ``(B, L, D)`` as they leave a block of a ViT, without a norm.

    Attributes:
        block: 0-based; negative ones count from the end.
    """

    block: int


@dataclass(frozen=True)
class Latent:
    """Tokens of a batch and which patches they are.

    Attributes:
        tokens: ``(B, prefix + N, D)``, prefix tokens (class token) first; or packed ``(R, D)``, image after image.
        grid: patch grid ``(h, w)``, L = h * w. An encoder whose ``split`` is k gives L / k^2 tokens.
        prefix: number of prefix tokens.
        mask: what was masked; None if nothing was, and then N = L.
        order: which patches follow the prefix: 'visible' (the K visible ones), 'visible+masked' (those, then the M
            masked ones), 'raster' (all L in row-major order).
        packing: of sequences with different numbers of visible patches; None if all have as many.
        taps: tokens as ``tokens``, but as they leave the blocks that :meth:`MaskedEncoder.tap` named, by block.
    """

    tokens: Tensor
    grid: tuple[int, int]
    prefix: int
    mask: PatchMask | None
    order: Literal["visible", "visible+masked", "raster"]
    packing: Packing | None = None
    taps: Mapping[int, Tensor] = field(default_factory=dict)

    @property
    def patch_tokens(self) -> Tensor:
        """The tokens without the prefix ``(B, N, D)``."""
        return self.tokens[:, self.prefix :]

    def behind(self, block: int) -> "Latent":
        """Take the tokens that leave a block, one of ``taps``, for the encoder's last."""
        return replace(self, tokens=self.taps[block])


class MaskedEncoder(nn.Module):
    """An encoder that can be shown a part of an image.

    Attributes:
        patch_size: P, side in pixels of what is masked and predicted as one.
        split: patches a side of a token: 1 where a token is a patch, k where a mask may hide parts of a token.
        in_channels: C.
        embed_dim: width D of the tokens it gives.
        prefix: number of tokens before the patches' (class token).
        embeds: whether it embeds patches before it masks, so that a score may read them.
        sparse: whether hidden patches are left out; otherwise it gives tokens for all patches.
        leaves_out: whether patches that a policy throws away are not computed at all.
        norm: what the tokens pass at last; an identity where nothing is left to do.
        activation_checkpointing: recompute blocks in the backward pass instead of storing their activations.
    """

    prefix = 0
    split = 1
    embeds = True
    sparse = False
    leaves_out = False

    norm: nn.Module

    def __init__(self, patch_size: int, in_channels: int, embed_dim: int) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.in_channels = in_channels
        self.embed_dim = embed_dim
        self.activation_checkpointing = False

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart."""
        raise NotImplementedError

    def layer_of(self, name: str) -> int:
        """Give the layer, 0 to ``num_layers - 1``, of a parameter by its name within this encoder."""
        raise NotImplementedError

    def grid_of(self, images: Tensor) -> tuple[int, int]:
        """Compute the patch grid of images ``(B, C, H, W)``.

        Raises:
            ValueError: wrong number of channels, or a side that is not a multiple of the side of a token.
        """
        self.check_channels(images)
        h, w = patch_grid(images.shape[2], images.shape[3], self.patch_size * self.split)
        return h * self.split, w * self.split

    def check_channels(self, images: Tensor) -> None:
        """Refuse what are no images ``(B, C, H, W)``.

        Raises:
            ValueError: wrong number of dimensions or channels.
        """
        if images.ndim != 4 or images.shape[1] != self.in_channels:
            raise ValueError(
                f"the encoder takes images (B, {self.in_channels}, H, W) but got {tuple(images.shape)}; "
                f"set encoder.in_channels={images.shape[1] if images.ndim == 4 else '?'} or feed other images"
            )

    def tap(self, blocks: Collection[int]) -> None:
        """Give the tokens that leave these blocks (0-based), too, from now on; none takes nothing.

        Raises:
            ValueError: the encoder has no such block, or none whose tokens are all patches' at one width.
        """
        if blocks:
            raise ValueError(
                f"a task reads block {min(blocks)} of a {type(self).__name__}, which gives its last tokens only; set "
                "the task's reads='encoder', or use a DenseViT"
            )

    def embed(self, images: Tensor) -> Tensor:
        """Patch tokens of images ``(B, C, H, W)`` before masking and without position embedding, if it ``embeds``.

        ``(B, L, D)``; of an encoder that begins with smaller patches ``(B, L * k * k, D')``, on a grid k times finer.
        """
        raise NotImplementedError

    def position_table(self, grid: tuple[int, int]) -> Tensor | None:
        """Compute the position embedding ``(L, D)`` of patch tokens; None where positions are not added to them."""
        raise NotImplementedError

    def forward(self, images: Tensor, mask: PatchMask | None = None, tokens: Tensor | None = None) -> Latent:
        """Encode images.

        Args:
            images: ``(B, C, H, W)``.
            mask: which patches to hide; None shows all.
            tokens: what :meth:`embed` gave for these images, if a score already asked for it.
        """
        raise NotImplementedError


class EncoderLayers:
    """Tells the layers of a model around an encoder: the encoder's, and with its last one all else, as heads and necks.

    For layer-wise learning-rate decay.
    """

    encoder: MaskedEncoder

    @property
    def num_layers(self) -> int:
        """Layers that layer-wise learning-rate decay tells apart: the encoder's."""
        return self.encoder.num_layers

    def layer_of(self, name: str) -> int:
        """Give the layer of a parameter by its name within this model; the last for what is not the encoder's."""
        part, rest = name.split(".", 1)
        return self.encoder.layer_of(rest) if part == "encoder" else self.num_layers - 1


def check_mask(mask: PatchMask, batch: int, grid: tuple[int, int]) -> None:
    """Refuse a mask that was made for other images.

    Raises:
        ValueError: the mask is not ``(B, L)``.
    """
    expected = torch.Size((batch, grid[0] * grid[1]))
    if mask.mask.shape != expected:
        raise ValueError(
            f"mask has shape {tuple(mask.mask.shape)} but the images give {tuple(expected)} "
            f"(B, L) for a {grid[0]}x{grid[1]} patch grid"
        )
