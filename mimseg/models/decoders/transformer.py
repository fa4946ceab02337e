"""The transformer decoder of MAE and HPM."""

from typing import cast

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.base import Latent
from ..backbones.blocks import Block, Linear, make_blocks, run_blocks
from ..init import init_transformer


@MODELS.register_module()
class TransformerDecoder(nn.Module):
    """``depth`` ViT blocks, LayerNorm and a linear head, read at the patches that a loss needs.

    Of the last block only the rows that are read are computed.

    Args:
        width: width of the tokens it is given.
        out_dim: length of a prediction.
        depth: number of blocks, at least 1.
        num_heads: default width / 32 (16 at width 512).
        mean_of: if given, the head predicts this many channels and their mean is the prediction (``out_dim`` 1): the
            loss predictor of HPM's public code, with 768. A plain scalar head is the paper's text.

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
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"a transformer decoder needs depth >= 1, got {depth}")
        if mean_of is not None and out_dim != 1:
            raise ValueError(f"mean_of={mean_of} averages to one number but the target has {out_dim}; drop mean_of")
        self.mean_of = mean_of
        self.activation_checkpointing = False
        self.blocks = make_blocks(width, depth, num_heads or max(1, width // 32))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = Linear(width, mean_of or out_dim)
        init_transformer(self)

    def forward(self, latent: Latent) -> Tensor:
        """Predictions ``(B, M, out_dim)`` at the masked patches, or ``(B, L, out_dim)`` if nothing was masked.

        Raises:
            ValueError: the latent holds no tokens for the masked patches.
        """
        if latent.order == "visible":
            raise ValueError(
                f"{type(self).__name__} predicts masked patches, but its latent holds the visible ones only; "
                "put a MaskTokenNeck before it"
            )
        rows = latent.patch_tokens.shape[1] if latent.mask is None else latent.mask.masked.shape[1]
        *body, last = self.blocks
        x = run_blocks(body, latent.tokens, self.activation_checkpointing and self.training)
        prediction: Tensor = self.head(self.norm(cast(Block, last).at_last(x, rows)))
        return prediction if self.mean_of is None else prediction.mean(dim=-1, keepdim=True)
