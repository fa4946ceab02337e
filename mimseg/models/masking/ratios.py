"""Ratios: how many patches are masked."""

from torch import nn

from ...ops.masking import number_masked
from ...registry import MODELS


@MODELS.register_module()
class FixedRatio(nn.Module):
    """The same share of every image.

    Args:
        ratio: share of patches masked, in (0, 1).

    Raises:
        ValueError: a ratio outside (0, 1).
    """

    def __init__(self, ratio: float = 0.75) -> None:
        super().__init__()
        if not 0 < ratio < 1:
            raise ValueError(f"mask ratio must lie in (0, 1), got {ratio}")
        self.ratio = ratio

    def forward(self, length: int) -> int:
        """Number masked of ``length`` patches: ``L - int(L * (1 - ratio))``."""
        return number_masked(length, self.ratio)
