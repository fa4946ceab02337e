"""Block-wise masks (BEiT)."""

from torch import Tensor

from ....ops.masking import mask_largest
from ....ops.rectangles import cover_by_rectangles
from ....registry import MODELS
from .base import Draw, Policy, share_of

ATTEMPTS = 10
"""Attempts at each rectangle (BEiT's public code)."""


@MODELS.register_module()
class BlockPolicy(Policy):
    """Rectangles at random places, until the number is reached (BEiT, Algorithm 1; also MaskFeat, iBOT, BootMAE).

    Exactly ``masked`` patches of every image: what the rectangles leave over is chosen at random among the other
    patches, as BootMAE does. BEiT and iBOT leave it visible, so that the numbers of their images differ slightly. On a
    14x14 grid the default 16 rectangles cover all of 75 patches on average, and 99.9 % of 147.

    Settings of the papers at 14x14: BEiT 75 masked, MaskFeat 78 with ``min_area=15``, BootMAE 147 with ``max_area=60,
    share=120 / 147``.

    Args:
        min_area: smallest area of a rectangle, in patches; where fewer are left to mask, areas lie between the two.
        max_area: largest area, in patches; None: what is left to mask.
        min_aspect: smallest height over width; its inverse is the largest.
        share: share of the masked patches that rectangles may cover; the others are chosen at random.
        rectangles: how many are tried. Small areas on a large grid need more.

    Raises:
        ValueError: a setting out of range.
    """

    needs_score = False

    def __init__(
        self,
        min_area: int = 16,
        max_area: int | None = None,
        min_aspect: float = 0.3,
        share: float = 1.0,
        rectangles: int = 16,
    ) -> None:
        super().__init__()
        if min_area < 1 or (max_area is not None and max_area < min_area):
            raise ValueError(f"BlockPolicy: areas need 1 <= min_area <= max_area, got {min_area} and {max_area}")
        if not 0 < min_aspect <= 1:
            raise ValueError(f"BlockPolicy: min_aspect must lie in (0, 1], got {min_aspect}")
        if not 0 < share <= 1:
            raise ValueError(f"BlockPolicy: share must lie in (0, 1], got {share}; RandomPolicy is share=0")
        if rectangles < 1:
            raise ValueError(f"BlockPolicy: rectangles must be 1 or more, got {rectangles}")
        self.min_area, self.max_area, self.min_aspect = min_area, max_area, min_aspect
        self.share, self.rectangles = share, rectangles

    def noise_per_image(self, length: int) -> int:
        """One number a patch for the random ones, and four an attempt."""
        return length + self.rectangles * ATTEMPTS * 4

    def forward(self, draw: Draw) -> Tensor:
        """Rectangles, then the largest of the first U noises.

        Raises:
            ValueError: the smallest rectangle is larger than the grid.
        """
        length, (h, w) = draw.length, draw.grid
        if self.min_area > length:
            raise ValueError(
                f"BlockPolicy: min_area={self.min_area} is more than the {h}x{w} grid has; use "
                f"min_area={max(1, length // 9)} or larger images"
            )
        attempts = draw.noise[:, length:].unflatten(1, (self.rectangles, ATTEMPTS, 4))
        count = share_of(draw.masked, self.share)
        covered = cover_by_rectangles(attempts, count, draw.grid, self.min_area, self.max_area, self.min_aspect)
        return mask_largest(draw.noise[:, :length].masked_fill(covered.flatten(1), 2.0), draw.masked)
