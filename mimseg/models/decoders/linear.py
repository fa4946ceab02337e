"""The linear decoder of SimMIM."""

from torch import Tensor, nn

from ...ops.patches import split_tokens
from ...ops.precision import project
from ...registry import MODELS
from ..backbones.base import Latent, Rows
from ..backbones.vit_blocks import Linear


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
        split: patches a side of a token; a token predicts all of its patches.
    """

    def __init__(self, width: int, out_dim: int, split: int = 1) -> None:
        super().__init__()
        self.activation_checkpointing = False
        self.split, self.exact = split, out_dim == 1
        self.head = Linear(width, out_dim * split**2)

    def forward(self, latent: Latent, rows: Rows = "masked", exact: bool = False) -> Tensor:
        """Predictions.

        Args:
            latent: tokens of all patches in raster order.
            rows: 'masked' gives ``(B, M, out_dim)`` at the patches to predict, packed ``(sum M, out_dim)`` where their
                number differs between images; 'all', or nothing being masked, ``(B, L, out_dim)``.
            exact: run the layer in fp32, also inside autocast, as for one number per patch.

        Raises:
            ValueError: the tokens are not those of all patches in raster order.
        """
        if latent.order != "raster":
            raise ValueError(
                f"LinearDecoder reads the tokens of all patches in raster order but got order={latent.order!r}; "
                "use a dense encoder (DenseViT, DenseSwin) and neck=None, or a TransformerDecoder"
            )
        mask = latent.mask if rows == "masked" else None
        tokens = latent.patch_tokens
        exact = self.exact or exact
        if self.split > 1:
            predicted = split_tokens(project(tokens, None, self.head, exact), self.split, latent.grid)
            return predicted if mask is None else mask.take_masked(predicted)
        return project(tokens if mask is None else mask.take_masked(tokens), None, self.head, exact)
