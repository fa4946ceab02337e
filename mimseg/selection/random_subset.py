"""The subset that any other has to beat."""

from typing import Any

from torch import Tensor

from ..registry import SELECTORS
from .base import Selector


@SELECTORS.register_module()
class RandomSelector(Selector):
    """A new random subset every round, drawn without replacement; reads no image, so it costs nothing."""

    name = "random number"
    needs_images = False

    def noise_per_image(self, model: Any, images: Tensor | None) -> int:
        """One number, the score."""
        return 1

    def score(self, model: Any, images: Tensor | None, indices: Tensor, noise: Tensor) -> Tensor:
        """The noise ``(B, 1)`` itself, as ``(B,)``."""
        return noise[:, 0]
