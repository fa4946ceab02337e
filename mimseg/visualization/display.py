"""From normalised images of any number of channels to something an eye can look at."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Display:
    """The way in which normalised images ``(B, C, H, W)`` become RGB; fitted to the inputs, used for predictions too.

    Attributes:
        mean: ``(C, 1, 1)``, on the scale of the files.
        std: ``(C, 1, 1)``.
        low: value shown black.
        high: value shown white.
    """

    mean: Tensor
    std: Tensor
    low: float
    high: float

    @classmethod
    def fit(cls, images: Tensor, mean: Tensor, std: Tensor) -> "Display":
        """8-bit values are shown as they are; any other range from its 2nd to its 98th percentile."""
        mean, std = mean.cpu().float(), std.cpu().float()
        values = _to_shown_channels(images.cpu().float() * std + mean).numpy()
        if values.min() >= -1 and values.max() <= 256:
            return cls(mean, std, 0.0, 255.0)
        low, high = np.percentile(values, [2, 98])
        return cls(mean, std, float(low), float(max(high, low + 1e-6)))

    def rgb(self, images: Tensor) -> NDArray[np.floating]:
        """Normalised ``(B, C, H, W)`` to float ``(B, H, W, 3)`` in [0, 1]; one grey channel is repeated."""
        shown = _to_shown_channels(images.cpu().float() * self.std + self.mean)
        unit = ((shown - self.low) / (self.high - self.low)).clamp(0, 1)
        return unit.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()

    @property
    def notes(self) -> list[str]:
        """The note about the colours that a reader needs, in a sentence; nothing for plain 8-bit grey or RGB."""
        channels = len(self.mean)
        notes = [] if channels in (1, 3) else [f"grey is the mean of the {channels} channels"]
        if (self.low, self.high) != (0.0, 255.0):
            notes.append(f"black is {self.low:.4g} and white {self.high:.4g} in the files' units")
        return [f"Display: {'; '.join(notes)}."] if notes else []


def _to_shown_channels(pixels: Tensor) -> Tensor:
    """One or three channels stay; any other number becomes its mean."""
    return pixels if pixels.shape[1] in (1, 3) else pixels.mean(dim=1, keepdim=True)


def to_pixels(patches: Tensor, grid: tuple[int, int], size: tuple[int, int]) -> NDArray[np.floating]:
    """A value per patch ``(B, L)`` to one per pixel ``(B, H, W)``."""
    rows, columns = size[0] // grid[0], size[1] // grid[1]
    values = patches.reshape(len(patches), *grid)
    return torch.repeat_interleave(torch.repeat_interleave(values, rows, dim=1), columns, dim=2).numpy()
