"""The linear decoder of SimMIM."""

from torch import Tensor, nn

from ...registry import MODELS
from ..backbones.base import Latent, Rows
from ..backbones.blocks import Linear


@MODELS.register_module()
class LinearDecoder(nn.Module):
    """One linear layer on the tokens of a dense encoder, read at the patches that a loss needs (SimMIM, section 3.3).

    SimMIM has a 1x1 convolution to P * P * C channels and a pixel shuffle by P. The convolution is a linear layer on
    each token, and the shuffle lays that token's outputs, as (channel, row, column), over its P x P pixels. Here they
    stay the vector of a patch, which is (row, column, channel): the same function with the rows of the weight in
    another order. Weights start as PyTorch has it, for a linear layer and for that convolution alike.

    Args:
        width: width of the tokens it is given.
        out_dim: length of a prediction.
    """

    def __init__(self, width: int, out_dim: int) -> None:
        super().__init__()
        self.activation_checkpointing = False
        self.head = Linear(width, out_dim)

    def forward(self, latent: Latent, rows: Rows = "masked") -> Tensor:
        """Predictions.

        Args:
            latent: tokens of all patches in raster order.
            rows: 'masked' gives ``(B, M, out_dim)`` at the patches to predict, packed ``(sum M, out_dim)`` where their
                number differs between images; 'all', or nothing being masked, ``(B, L, out_dim)``.

        Raises:
            ValueError: the tokens are not those of all patches in raster order.
        """
        if latent.order != "raster":
            raise ValueError(
                f"LinearDecoder reads the tokens of all patches in raster order but got order={latent.order!r}; "
                "use a dense encoder (DenseViT, DenseSwin) and neck=None, or a TransformerDecoder"
            )
        tokens = latent.patch_tokens
        if rows == "masked" and latent.mask is not None:
            tokens = latent.mask.take_masked(tokens)
        predicted: Tensor = self.head(tokens)
        return predicted
