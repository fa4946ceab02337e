"""Masks at random (MAE)."""

from torch import Tensor

from ....ops.masking import mask_largest
from ....registry import MODELS
from .base import Draw, Policy


@MODELS.register_module()
class RandomPolicy(Policy):
    """Uniformly random masks (MAE)."""

    needs_score = False

    def forward(self, draw: Draw) -> Tensor:
        """The ``masked`` largest noises."""
        return mask_largest(draw.noise, draw.masked)
