"""The classifier of CMT, but for its last linear layer."""

import torch.nn.functional as F
from torch import Tensor, nn

from .backbones.vit_blocks import Linear


class ExpandedMean(nn.Module):
    """One vector of an image's patch tokens as CMT's public classifier has it: wide features, then their mean.

    A 1 x 1 convolution, which on tokens is a linear layer, BatchNorm over all tokens of the batch, Swish, the mean over
    patches (Guo et al., CVPR 2022, and its code; FastMIM fine-tunes CMT so).

    Args:
        in_dim: width D of the tokens.
        width: width of the convolution (CMT: 1280).
    """

    def __init__(self, in_dim: int, width: int) -> None:
        super().__init__()
        self.conv = Linear(in_dim, width)
        self.norm = nn.BatchNorm1d(width)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")
        nn.init.zeros_(self.conv.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, L, D)`` to ``(B, width)``."""
        wide = self.norm(self.conv(tokens).flatten(0, 1)).unflatten(0, tokens.shape[:2])
        return F.silu(wide).mean(dim=1)
