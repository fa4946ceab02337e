"""One labelled sheet: what a model saw, what was hidden, what it made of it, and what it found hard."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from ..models import Reconstruction
from .columns import BLACK, SheetColumn, heat_column, hide, mask_columns
from .display import Display, to_pixels
from .grid import ColumnGroup, draw_grid
from .masks import Masks, note_masks

ERROR_MAP = colormaps["inferno"].with_extremes(bad="0.93")


def draw_sheet(
    images: Tensor,
    reconstruction: Reconstruction,
    mean: Tensor,
    std: Tensor,
    title: str,
    names: Sequence[str] | None = None,
    hard: bool = True,
    score_name: str = "",
) -> Figure:
    """Draw one row an image: image, mask, masked image, reconstruction, error of every hidden patch.

    Where the masks read a score, it comes before them. With a loss predictor also its map of the full image, and the
    image without the patches predicted hardest (HPM, arXiv 2304.05919, figure 2).

    Args:
        images: normalised ``(B, C, H, W)``.
        reconstruction: of these images.
        mean: ``(C, 1, 1)`` that undoes the normalisation.
        std: ``(C, 1, 1)``.
        title: heading, for example run and epoch.
        names: one label a row.
        hard: whether to draw the last column.
        score_name: what the score is, in words.

    Raises:
        ValueError: ``reconstruction`` or ``names`` belong to another number of images.
    """
    if len(reconstruction.mask) != len(images) or (names is not None and len(names) != len(images)):
        counts = f"{len(images)} images, {len(reconstruction.mask)} masks, {len(names or images)} names"
        raise ValueError(f"a sheet wants as many masks and names as images; got {counts}")
    seen = _on_cpu(reconstruction)
    masks = Masks.of_reconstruction(seen, score_name)
    display = Display.fit(images, mean, std)
    columns = _columns(images, seen, masks, display, hard)
    return draw_grid([ColumnGroup(columns)], title, _foot_note(seen, masks, display, hard), names)


def _on_cpu(reconstruction: Reconstruction) -> Reconstruction:
    tensors: dict[str, Any] = {
        name: value.cpu() for name, value in vars(reconstruction).items() if isinstance(value, Tensor)
    }
    return replace(reconstruction, **tensors)


def _columns(images: Tensor, seen: Reconstruction, masks: Masks, display: Display, hard: bool) -> list[SheetColumn]:
    pixels = partial(to_pixels, grid=seen.grid, size=(images.shape[-2], images.shape[-1]))
    rgb = display.rgb(images)
    columns = [SheetColumn("image", rgb), *mask_columns(rgb, masks, f"mask ({masks.share()})", captions=masks.differ)]
    if seen.pixels is not None:
        filled_in = hide(display.rgb(seen.pixels), pixels(masks.thrown), BLACK)
        columns.append(SheetColumn("reconstruction *" if seen.note else "reconstruction", filled_in))
    loss = pixels(seen.patch_loss)
    known = loss[np.isfinite(loss)]
    top = (np.percentile(known, 98) if known.size else 0) or 1.0
    columns.append(SheetColumn("error per hidden patch", np.ma.masked_invalid(loss), Normalize(0, top), ERROR_MAP))
    if seen.predicted_loss is not None:
        ease = seen.predicted_loss.argsort(dim=1, descending=True).argsort(dim=1)  # 0 = hardest patch
        hardness = pixels(1 - ease / (ease.shape[1] - 1))
        columns.append(heat_column("predicted loss (rank)", hardness, rgb, ("easy", "hard")))
        if hard:
            hardest = ease < seen.mask.sum(dim=1, keepdim=True)
            columns.append(SheetColumn("hardest patches hidden", hide(rgb, pixels(hardest))))
    return columns


def _foot_note(seen: Reconstruction, masks: Masks, display: Display, hard: bool) -> list[str]:
    lines = note_masks([masks])
    if seen.pixels is None:
        lines.append("The target is not pixels, so there is no reconstruction to show.")
    elif seen.note:
        lines.append(f"* Visible patches are those of the image; {seen.note}: the model itself predicts neither.")
    else:
        lines.append("Reconstruction: visible patches are those of the image.")
    if seen.predicted_loss is not None:
        counted = "; the last column hides as many patches as the mask" if hard else ""
        lines.append(f"The loss predicted for the full image is coloured by rank within each image{counted}.")
    return [*lines, *display.notes]
