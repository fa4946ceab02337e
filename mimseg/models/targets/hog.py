"""Histograms of oriented gradients as target."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ...ops.hog import group_cells, hog, ungroup_cells
from ...registry import MODELS
from ..backbones.base import MaskedEncoder, Rows
from ..step import Step
from ..teachers.base import Teacher
from .base import Histograms, Picture, Target


@MODELS.register_module()
class HOGTarget(Target):
    """Histograms of oriented gradients of the unmasked image, all cells of a patch (MaskFeat; FastMIM, section 3.3).

    The vector of a patch has the order (channel, bin, cell row, cell column), as in both public codes: with 9 bins and
    cells of 8 pixels, 27 numbers for patches of 8 pixels, 108 of 16, 432 of 32 and 1728 of 64.

    Args:
        cell: side of a cell in pixels; the encoder's patch size is a multiple of it.
        bins: number of orientations between 0 and 180 degrees.
        normalize: divide the histogram of each cell and channel by its L2 norm.
        gaussian: side in pixels of the Gaussian windows that weight magnitudes: 16 in MaskFeat, 0 for none in FastMIM.

    Raises:
        ValueError: a setting out of range.
    """

    def __init__(self, cell: int = 8, bins: int = 9, normalize: bool = True, gaussian: int = 0) -> None:
        super().__init__()
        for name, value, least in (("cell", cell, 1), ("bins", bins, 1), ("gaussian", gaussian, 0)):
            if value < least:
                raise ValueError(f"HOGTarget: {name} must be {least} or more, got {value}")
        self.cell, self.bins, self.normalize, self.gaussian = cell, bins, normalize, gaussian

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """C * bins * (P / cell)^2.

        Raises:
            ValueError: the patch size is no multiple of ``cell``.
        """
        return encoder.in_channels * self.bins * self._cells_per_side(encoder.patch_size) ** 2

    @torch.no_grad()
    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """``(B, M, C * bins * (P / cell)^2)``, fp32."""
        cells = hog(step.images, self.cell, self.bins, self.gaussian, self.normalize)
        return step.select(group_cells(cells, self._cells_per_side(step.patch_size)), rows)

    @torch.no_grad()
    def picture(self, predicted: Tensor, step: Step) -> Picture:
        """Lay the histograms of all cells out over the image."""
        truth = self(step, "all")
        filled = step.made_mask.put_masked(truth, predicted.to(truth))
        cells = self._cells_per_side(step.patch_size)
        truth, filled = (ungroup_cells(vectors, cells, step.grid) for vectors in (truth, filled))
        return Picture(histograms=Histograms(truth, filled, self.bins, self._settings()))

    def _settings(self) -> str:
        words = [f"cells of {self.cell} px, {self.bins} orientations"]
        words += [] if self.normalize else ["not normalised"]
        words += [f"weighted by Gaussians of {self.gaussian} px"] if self.gaussian else []
        return ", ".join(words)

    def _cells_per_side(self, patch_size: int) -> int:
        if patch_size % self.cell:
            fit = next(side for side in range(min(self.cell, patch_size), 0, -1) if patch_size % side == 0)
            raise ValueError(
                f"HOGTarget: the encoder's patch size {patch_size} is no multiple of cell={self.cell}; use cell={fit}"
            )
        return patch_size // self.cell
