"""The columns of a sheet: what they show and how it is coloured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, Normalize
from numpy.typing import NDArray

from ..ops.salience import min_max
from .display import to_pixels
from .masks import Masks

GREY = 0.55  # of hidden patches
BLACK = 0.0  # of thrown patches
HEAT_MAP = colormaps["turbo"].with_extremes(bad="0.93")


@dataclass(frozen=True)
class SheetColumn:
    """A column of a sheet.

    Attributes:
        title: heading.
        pictures: float RGB ``(B, H, W, 3)`` or colour-mapped values ``(B, H, W)``.
        scale: colour scale of the values.
        colours: colour map of the values.
        backdrop: RGB ``(B, H, W, 3)`` shown through half-transparent values.
        ends: words at the two ends of the colour bar in place of numbers.
        captions: a line under each picture.
    """

    title: str
    pictures: NDArray[Any]
    scale: Normalize | None = None
    colours: Colormap | None = None
    backdrop: NDArray[Any] | None = None
    ends: tuple[str, str] | None = None
    captions: Sequence[str] | None = None


def mask_columns(rgb: NDArray[Any], masks: Masks, mask_title: str, captions: bool) -> list[SheetColumn]:
    """Score (where the masks read one), mask and masked image of RGB ``(B, H, W, 3)``.

    Args:
        rgb: the images.
        masks: their masks.
        mask_title: heading of the masks.
        captions: whether to write under each mask how much it hides.
    """
    size = (rgb.shape[1], rgb.shape[2])
    hidden, thrown = (to_pixels(mask, masks.grid, size) for mask in (masks.hidden, masks.thrown))
    columns = []
    if masks.score is not None:
        values = np.ma.masked_invalid(to_pixels(min_max(masks.score), masks.units, size))
        columns.append(heat_column(f"score: {masks.score_name}", values, rgb, ("low", "high")))
    shares = masks.shares() if captions else None
    columns.append(SheetColumn(mask_title, hide(hide(np.ones_like(rgb), hidden), thrown, BLACK), captions=shares))
    columns.append(SheetColumn("masked image", hide(hide(rgb, hidden), thrown, BLACK)))
    return columns


def heat_column(title: str, values: NDArray[Any], rgb: NDArray[Any], ends: tuple[str, str]) -> SheetColumn:
    """Values ``(B, H, W)`` in [0, 1] as half-transparent colours over the grey image."""
    grey = np.repeat(rgb.mean(axis=-1, keepdims=True), 3, axis=-1)
    return SheetColumn(title, values, Normalize(0, 1), HEAT_MAP, grey, ends)


def hide(rgb: NDArray[Any], mask: NDArray[Any], value: float = GREY) -> NDArray[Any]:
    """RGB ``(B, H, W, 3)`` with one grey value where the mask ``(B, H, W)`` is True."""
    return np.where(mask[..., None], value, rgb)
