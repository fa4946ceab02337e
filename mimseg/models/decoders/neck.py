"""From the encoder's width to the decoders': the part that all decoders of a model share."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from ...ops.patches import gather_rows
from ...registry import MODELS
from ..backbones.base import Latent
from ..backbones.blocks import Linear
from ..init import init_transformer
from ..positions import Positions


@MODELS.register_module()
class MaskTokenNeck(nn.Module):
    """Project the visible tokens and append one mask token per masked patch, with position embeddings (MAE, section 3).

    The sequence is [class token, visible patches, masked patches], each in raster order. It is not put back into image
    order: attention does not see order, only the position embeddings, so the result is the same and no token moves.

    Args:
        in_dim: width of the encoder's tokens.
        width: width of the decoders.
    """

    def __init__(self, in_dim: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.project = Linear(in_dim, width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = Positions(width)
        init_transformer(self)

    def forward(self, latent: Latent) -> Latent:
        """``(B, prefix + K, D)`` to ``(B, prefix + K + M, width)``; without a mask ``(B, prefix + L, width)``."""
        tokens = self.project(latent.tokens)
        prefix, patches = tokens[:, : latent.prefix], tokens[:, latent.prefix :]
        position = self.positions(latent.grid)
        if latent.mask is None:
            return replace(latent, tokens=torch.cat([prefix, patches + position], dim=1))
        position = position.expand(len(tokens), -1, -1)
        visible = patches + gather_rows(position, latent.mask.visible)
        hidden: Tensor = self.mask_token + gather_rows(position, latent.mask.masked)
        return replace(latent, tokens=torch.cat([prefix, visible, hidden], dim=1), order="visible+masked")
