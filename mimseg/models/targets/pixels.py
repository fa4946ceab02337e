"""Pixels as target."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...ops.patches import normalize_patches, patch_statistics, patchify, unpatchify
from ...registry import MODELS
from ..backbones.base import MaskedEncoder, Rows
from ..step import Step
from ..teachers.base import Teacher
from .base import Picture, Target


@MODELS.register_module()
class PixelTarget(Target):
    """The pixels of each patch in (row, column, channel) order, as the network's input has them.

    Args:
        normalize: standardise each patch by its own mean and variance (MAE, section 4; HPM's tables use plain pixels).
    """

    def __init__(self, normalize: bool = False) -> None:
        super().__init__()
        self.normalize = normalize

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """P * P * C."""
        return encoder.patch_size**2 * encoder.in_channels

    @torch.no_grad()
    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """``(B, M, P * P * C)``."""
        patches = step.select(patchify(step.images, step.patch_size), rows)
        return normalize_patches(patches) if self.normalize else patches

    def to_pixels(self, predicted: Tensor, step: Step) -> Tensor:
        """Predictions ``(B, M, P * P * C)`` as pixels; a normalised target is undone by the input's own statistics."""
        if not self.normalize:
            return predicted
        mean, std = patch_statistics(step.select(patchify(step.images, step.patch_size)))
        return predicted * std + mean

    def picture(self, predicted: Tensor, step: Step) -> Picture:
        """Put the predicted pixels into the images, which show where nothing is hidden."""
        mask, patches = step.made_mask, patchify(step.images, step.patch_size)
        filled = mask.put_masked(patches, self.to_pixels(predicted.float(), step))
        note = "per-patch mean and std of the input image undo the normalised-pixel target" if self.normalize else ""
        return Picture(pixels=unpatchify(filled, step.patch_size, step.grid), note=note)
