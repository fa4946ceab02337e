"""The transformer decoder of MAE and HPM."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ...ops.masking import PatchMask
from ...ops.patches import split_tokens
from ...ops.precision import project
from ...registry import MODELS
from ..backbones.base import Latent, Rows
from ..backbones.init import init_transformer
from ..backbones.vit_blocks import Block, Linear, make_blocks, run_blocks


@MODELS.register_module()
class TransformerDecoder(nn.Module):
    """``depth`` ViT blocks, LayerNorm and a linear head, read at the patches that a loss needs.

    Of the last block only the rows that are read are computed. One number per patch, a predicted loss or attention, is
    ranked: its norm and head run in fp32 whatever surrounds them.

    Args:
        width: width of the tokens it is given.
        out_dim: length of a prediction.
        depth: number of blocks, at least 1.
        num_heads: default a head for every 32 channels (16 at width 512).
        mean_of: if given, the head predicts this many channels and their mean is the prediction (``out_dim`` 1): the
            loss predictor of HPM's public code, with 768. A plain scalar head is the paper's text.
        split: patches a side of a token; a token predicts all of its patches.
        dim: width of the blocks; default: that of the tokens. If it is another, a linear layer comes first: a loss
            predictor of 512 on a host whose neck does not narrow 768 (SimMIM).

    Raises:
        ValueError: depth below 1, heads that do not divide the width, or ``mean_of`` for a target that is no scalar.
    """

    def __init__(
        self,
        width: int,
        out_dim: int,
        depth: int = 8,
        num_heads: int | None = None,
        mean_of: int | None = None,
        split: int = 1,
        dim: int | None = None,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"a transformer decoder needs depth >= 1, got {depth}")
        if mean_of is not None and out_dim != 1:
            raise ValueError(f"mean_of={mean_of} averages to one number but the target has {out_dim}; drop mean_of")
        self.mean_of, self.split, self.exact = mean_of, split, out_dim == 1
        self.activation_checkpointing = False
        dim = dim or width
        self.project = Linear(width, dim) if dim != width else nn.Identity()
        self.blocks = make_blocks(dim, depth, num_heads or max(1, dim // 32))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = Linear(dim, (mean_of or out_dim) * split**2)
        init_transformer(self)

    def forward(self, latent: Latent, rows: Rows = "masked", exact: bool = False) -> Tensor:
        """Predictions.

        Args:
            latent: tokens of all patches, or of the visible and the masked ones.
            rows: 'masked' gives ``(B, M, out_dim)`` at the patches to predict, packed ``(sum M, out_dim)`` where their
                number differs between images; 'all', or nothing being masked, ``(B, L, out_dim)`` in raster order.
            exact: run norm and head in fp32, as for one number per patch.

        Raises:
            ValueError: the latent holds no tokens for the masked patches.
        """
        check_complete(self, latent)
        *body, last = cast(Sequence[Block], self.blocks)
        x = run_blocks(body, self.project(latent.tokens), self.activation_checkpointing and self.training)
        mask, prefix = latent.mask, latent.prefix
        if mask is None or rows == "all" or self.split > 1:
            x = last.at_last(x, x.shape[1] - prefix)
        elif latent.order == "raster":
            x = last.at_rows(x, lambda tokens: mask.take_masked(tokens[:, prefix:]))
        else:
            x = last.at_last(x, mask.masked.shape[1])
        prediction = project(x, self.norm, self.head, self.exact or exact)
        if self.split > 1:
            prediction = split_tokens(prediction, self.split, latent.grid)
            if mask is not None and rows == "masked":
                prediction = mask.take_masked(prediction)
        elif mask is not None and rows == "all" and latent.order == "visible+masked":
            prediction = prediction.scatter(1, order_of(mask).unsqueeze(-1).expand_as(prediction), prediction)
        return prediction if self.mean_of is None else prediction.mean(dim=-1, keepdim=True)


def channel_mean(latent: Latent, rows: Rows = "masked") -> Tensor:
    """The mean over the channels of a latent's tokens, ``(B, M, 1)``, packed, or ``(B, L, 1)``, as a decoder predicts.

    Raises:
        ValueError: as :class:`TransformerDecoder`.
    """
    means, mask = latent.patch_tokens.float().mean(dim=-1, keepdim=True), latent.mask
    if latent.order == "visible":
        raise ValueError("the latent holds the visible patches only; put a MaskTokenNeck before the task")
    if mask is None:
        return means
    if latent.order == "raster":
        return means if rows == "all" else mask.take_masked(means)
    if rows == "masked":
        return means[:, -mask.masked.shape[1] :]
    return means.scatter(1, order_of(mask).unsqueeze(-1), means)


def order_of(mask: PatchMask) -> Tensor:
    """The patches ``(B, L)`` in the order visible, masked.

    Raises:
        ValueError: some patches are neither.
    """
    order = torch.cat([mask.visible, mask.masked], dim=1)
    if order.shape != mask.mask.shape:
        raise ValueError(
            "predictions of all patches were asked for, but the mask throws some away; use positions='masked'"
        )
    return order


def check_complete(decoder: nn.Module, latent: Latent) -> None:
    """Refuse a latent that holds no tokens for the masked patches.

    Raises:
        ValueError: it holds the visible ones only.
    """
    if latent.order == "visible":
        raise ValueError(
            f"{type(decoder).__name__} predicts masked patches, but its latent holds the visible ones only; "
            "put a MaskTokenNeck before it"
        )
