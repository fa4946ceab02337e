"""From the encoder's width to the decoders': the part that all decoders of a model share."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...ops.patches import gather_rows
from ...registry import MODELS
from ..backbones.base import Latent
from ..backbones.init import init_transformer
from ..backbones.positions import Positions
from ..backbones.vit_blocks import Linear


class Neck(nn.Module):
    """What stands between an encoder and the decoders.

    Args:
        in_dim: width of the encoder's tokens.
        width: width of the tokens that it gives.

    Attributes:
        sparse: whether it is for encoders that leave hidden patches out, or for those that give all.
    """

    sparse = False

    def __init__(self, in_dim: int, width: int | None = None) -> None:
        super().__init__()
        self.width = width or in_dim

    def forward(self, latent: Latent) -> Latent:
        """The encoder's latent as it is."""
        return latent


@MODELS.register_module()
class ProjectionNeck(Neck):
    """One linear layer from a dense encoder's width to the decoders'.

    Args:
        in_dim: width of the encoder's tokens.
        width: width of the decoders.
    """

    def __init__(self, in_dim: int, width: int) -> None:
        super().__init__(in_dim, width)
        self.project = Linear(in_dim, width)
        init_transformer(self)

    def forward(self, latent: Latent) -> Latent:
        """``(B, prefix + L, D)`` to ``(B, prefix + L, width)``."""
        return replace(latent, tokens=self.project(latent.tokens))


@MODELS.register_module()
class MaskTokenNeck(Neck):
    """Project the visible tokens and append one mask token per masked patch, with position embeddings (MAE, section 3).

    The sequence is [class token, visible patches, masked patches], each in raster order. It is not put back into image
    order: attention does not see order, only the position embeddings, so the result is the same and no token moves.
    Where images hide different numbers of patches, the patches are in image order instead: so all sequences are of one
    length and nothing is padded.

    Args:
        in_dim: width of the encoder's tokens.
        width: width of the decoders.
        learn_token: False fixes the mask token at zero (FastMIM, Table 10a).
    """

    sparse = True

    def __init__(self, in_dim: int, width: int, learn_token: bool = True) -> None:
        super().__init__(in_dim, width)
        self.project = Linear(in_dim, width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width), requires_grad=learn_token)
        self.positions = Positions(width)
        init_transformer(self)

    def forward(self, latent: Latent) -> Latent:
        """``(B, prefix + K, D)`` to ``(B, prefix + K + M, width)``; without a mask ``(B, prefix + L, width)``.

        Packed tokens ``(R, D)`` become ``(B, prefix + L, width)``.
        """
        tokens = self.project(latent.tokens)
        position = self.positions(latent.grid)
        if latent.packing is not None:
            return self._in_raster_order(latent, tokens, position)
        prefix, patches = tokens[:, : latent.prefix], tokens[:, latent.prefix :]
        if latent.mask is None:
            return replace(latent, tokens=torch.cat([prefix, patches + position], dim=1))
        position = position.expand(len(tokens), -1, -1)
        visible = patches + gather_rows(position, latent.mask.visible)
        hidden: Tensor = self.mask_token + gather_rows(position, latent.mask.masked)
        return replace(latent, tokens=torch.cat([prefix, visible, hidden], dim=1), order="visible+masked")

    def _in_raster_order(self, latent: Latent, tokens: Tensor, position: Tensor) -> Latent:
        assert latent.packing is not None and latent.mask is not None
        prefix, visible = latent.packing.split(tokens)
        batch, length = latent.mask.mask.shape
        hidden = self.mask_token.expand(batch, length, -1).flatten(0, 1)
        patches = hidden.index_copy(0, latent.mask.visible, visible.to(hidden.dtype)).view(batch, length, -1)
        tokens = torch.cat([prefix.unsqueeze(1), patches + position], dim=1)
        return replace(latent, tokens=tokens, order="raster", packing=None)
