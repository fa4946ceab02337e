"""What dense encoders share: masked places are replaced, nothing is left out."""

from typing import Literal

import torch
from torch import Tensor, nn

from ...choices import one_of
from ...ops.masking import PatchMask, repeat_units
from .base import MaskedEncoder, check_mask
from .init import init_normal

MaskAt = Literal["tokens", "pixels"]


class DenseEncoder(MaskedEncoder):
    """An encoder that gives tokens for all patches; a mask token stands in for what is hidden.

    With ``mask_at='tokens'`` the token replaces embedded patches (SimMIM, MaskFeat). With 'pixels' it is one value per
    channel that replaces all pixels of a masked patch, before anything else happens: ``x (1 - M) + token M`` (FastMIM,
    section A.1). The embedding of a masked patch is then the same everywhere, so that where embedded patches do not
    straddle masked ones it is computed once, and a score's embedding of the unmasked image is still of use.

    Args:
        stride: side in pixels of the tokens that it gives.
        embedded: side in pixels of the patches that it embeds first; None where pixels are all that can be masked.
        in_channels: C.
        embed_dim: width of the tokens that it gives.
        token_dim: width of the embedded patches.
        mask_at: 'tokens' or 'pixels'.
        learn_token: False fixes the mask token at zero (FastMIM, Table 10a).
        mask_size: side in pixels of what is masked and predicted as one, a divisor of ``stride``; default ``stride``.
            Larger squares are ``masking.unit``'s business.

    Raises:
        ValueError: unknown ``mask_at``, a ``mask_size`` that does not divide the stride, or, with
            ``mask_at='tokens'``, one that is no multiple of ``embedded``.
    """

    mask_token: nn.Parameter

    def __init__(
        self,
        stride: int,
        embedded: int | None,
        in_channels: int,
        embed_dim: int,
        token_dim: int,
        mask_at: MaskAt = "tokens",
        learn_token: bool = True,
        mask_size: int | None = None,
    ) -> None:
        one_of("encoder.mask_at", mask_at, MaskAt if embedded else ("pixels",))
        size = stride if mask_size is None else mask_size
        if size < 1 or stride % size:
            raise ValueError(
                f"encoder.mask_size={size} px does not divide the encoder's tokens of {stride} px; use a divisor, or "
                f"masking.unit for larger squares"
            )
        super().__init__(size, in_channels, embed_dim)
        self.split = stride // size
        self.embedded = embedded
        self.mask_at: MaskAt = mask_at
        if mask_at == "tokens" and not self.masks_embedded:
            raise ValueError(
                f"encoder.mask_size={size} px is smaller than the embedded patches of {embedded} px; set "
                "encoder.mask_at='pixels'"
            )
        shape = (1, 1, token_dim) if mask_at == "tokens" else (1, in_channels, 1, 1)
        self.mask_token = nn.Parameter(torch.zeros(shape), requires_grad=learn_token)

    @property
    def masks_embedded(self) -> bool:
        """Whether a mask hides whole embedded patches."""
        return self.embedded is not None and self.patch_size % self.embedded == 0

    def init_token(self, bound: float = float("inf")) -> None:
        """Start the mask token at normal(0, 0.02), cut at ``bound``; one that is not learned stays zero."""
        if self.mask_token.requires_grad:
            init_normal(self.mask_token, 0.02, bound)

    def embed_masked(self, images: Tensor, mask: PatchMask | None, tokens: Tensor | None) -> Tensor:
        """Embedded patches ``(B, L * k * k, D')``, k embedded ones a side of a masked one, with the mask token in.

        Args:
            images: ``(B, C, H, W)``.
            mask: over patches; None hides nothing.
            tokens: what :meth:`embed` gave for these images, if a score already asked for it.

        Raises:
            ValueError: the mask is not of these images.
        """
        if mask is None:
            return self.embed(images) if tokens is None else tokens
        grid = self.grid_of(images)
        check_mask(mask, images.shape[0], grid)
        if not self.masks_embedded or self.embedded is None:
            return self.embed(self.mask_pixels(images, mask))
        tokens = self.embed(images) if tokens is None else tokens
        token: Tensor = self.mask_token
        if self.mask_at == "pixels":
            token = self.embed(token.expand(-1, -1, self.embedded, self.embedded))
        hidden = repeat_units(mask.mask, grid, self.patch_size // self.embedded)
        return torch.where(hidden.unsqueeze(-1), token.to(tokens.dtype), tokens)

    def mask_pixels(self, images: Tensor, mask: PatchMask) -> Tensor:
        """Images ``(B, C, H, W)`` with the mask token in the pixels of masked patches."""
        batch, _, height, width = images.shape
        hidden = repeat_units(mask.mask, self.grid_of(images), self.patch_size).view(batch, 1, height, width)
        return torch.where(hidden, self.mask_token.to(images.dtype), images)


class HierarchicalEncoder(DenseEncoder):
    """A dense encoder whose stages give a map each, every one coarser than the one before.

    Attributes:
        fills_up: whether :meth:`stage_maps` takes images of any size, because every stage fills up what it needs.
    """

    fills_up = False

    def stage_maps(self, images: Tensor) -> list[Tensor]:
        """Compute the map ``(B, D, h, w)`` of every stage for full images, none of them through the final norm.

        Raises:
            ValueError: the network gives its last map only.
        """
        raise NotImplementedError


def check_truncate(truncate: int, depth: int) -> None:
    """Refuse to drop more blocks than there are.

    Raises:
        ValueError: ``truncate`` is no number from 0 to below ``depth``.
    """
    if not isinstance(truncate, int) or not 0 <= truncate < depth:
        raise ValueError(f"encoder.truncate={truncate!r} drops the last blocks of {depth}; use 0 to {depth - 1}")
