"""One labelled sheet: what a model saw, what was hidden, what it made of it, and what it found hard."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ..models.mim import Reconstruction
from .display import Display, to_pixels

CELL = 1.75  # inches, the longer side of one picture
GREY = 0.55  # of hidden patches
TEXT = {"fontsize": 8, "color": "0.15"}
ERROR_MAP = colormaps["inferno"].with_extremes(bad="0.93")
HARDNESS_MAP = colormaps["turbo"]


@dataclass(frozen=True)
class Column:
    """A column of the sheet.

    Attributes:
        title: heading.
        pictures: float RGB ``(B, H, W, 3)`` or colour-mapped values ``(B, H, W)``.
        scale: colour scale of the values.
        colours: colour map of the values.
        backdrop: RGB ``(B, H, W, 3)`` shown through half-transparent values.
        ends: words at the two ends of the colour bar in place of numbers.
    """

    title: str
    pictures: NDArray[Any]
    scale: Normalize | None = None
    colours: Colormap | None = None
    backdrop: NDArray[Any] | None = None
    ends: tuple[str, str] | None = None


def draw_sheet(
    images: Tensor,
    reconstruction: Reconstruction,
    mean: Tensor,
    std: Tensor,
    title: str,
    names: Sequence[str] | None = None,
    hard: bool = True,
) -> Figure:
    """Draw one row an image: image, mask, masked image, reconstruction, error of every hidden patch.

    With a loss predictor also its map of the full image, and the image without the patches predicted hardest
    (HPM, arXiv 2304.05919, figure 2).

    Args:
        images: normalised ``(B, C, H, W)``.
        reconstruction: of these images.
        mean: ``(C, 1, 1)`` that undoes the normalisation.
        std: ``(C, 1, 1)``.
        title: heading, for example run and epoch.
        names: one label a row.
        hard: whether to draw the last column.

    Raises:
        ValueError: ``reconstruction`` or ``names`` belong to another number of images.
    """
    if len(reconstruction.mask) != len(images) or (names is not None and len(names) != len(images)):
        counts = f"{len(images)} images, {len(reconstruction.mask)} masks, {len(names or images)} names"
        raise ValueError(f"a sheet wants as many masks and names as images; got {counts}")
    seen = _on_cpu(reconstruction)
    display = Display.fit(images, mean, std)
    columns = _columns(images, seen, display, hard)
    figure, axes = _grid(images, len(columns), title, _foot_note(seen, display, hard))
    for column, cells in zip(columns, axes.T, strict=True):
        _fill(column, cells)
    _label_rows(axes[:-1, 0], names)
    return figure


def _on_cpu(reconstruction: Reconstruction) -> Reconstruction:
    fields: dict[str, Any] = {
        name: value.cpu() if isinstance(value, Tensor) else value for name, value in vars(reconstruction).items()
    }
    return Reconstruction(**fields)


def _columns(images: Tensor, seen: Reconstruction, display: Display, hard: bool) -> list[Column]:
    pixels = partial(to_pixels, grid=seen.grid, size=(images.shape[-2], images.shape[-1]))
    rgb, mask = display.rgb(images), pixels(seen.mask)
    columns = [
        Column("image", rgb),
        Column(f"mask ({100 * seen.mask.float().mean():.0f} % hidden)", _hide(np.ones_like(rgb), mask, 0.2)),
        Column("masked image", _hide(rgb, mask)),
    ]
    if seen.pixels is not None:
        columns.append(Column("reconstruction *" if seen.note else "reconstruction", display.rgb(seen.pixels)))
    loss = pixels(seen.patch_loss)
    known = loss[np.isfinite(loss)]
    top = (np.percentile(known, 98) if known.size else 0) or 1.0
    columns.append(Column("error per hidden patch", np.ma.masked_invalid(loss), Normalize(0, top), ERROR_MAP))
    if seen.predicted_loss is not None:
        grey = np.repeat(rgb.mean(axis=-1, keepdims=True), 3, axis=-1)
        ease = seen.predicted_loss.argsort(dim=1, descending=True).argsort(dim=1)  # 0 = hardest patch
        hardness = pixels(1 - ease / (ease.shape[1] - 1))
        columns.append(Column("predicted loss", hardness, Normalize(0, 1), HARDNESS_MAP, grey, ("easy", "hard")))
        if hard:
            hardest = ease < seen.mask.sum(dim=1, keepdim=True)
            columns.append(Column("hardest patches hidden", _hide(rgb, pixels(hardest))))
    return columns


def _hide(rgb: NDArray[Any], mask: NDArray[Any], value: float = GREY) -> NDArray[Any]:
    return np.where(mask[..., None], value, rgb)


def _grid(images: Tensor, columns: int, title: str, foot_note: Sequence[str]) -> tuple[Figure, NDArray[Any]]:
    """A figure with one row of axes an image, a thin last row for the colour bars, and room for title and foot note."""
    rows, (height, width) = len(images), images.shape[-2:]
    cell_height, cell_width = CELL * height / max(height, width), CELL * width / max(height, width)
    cell_width = max(cell_width, 1.25)  # room for the headings
    across = columns * (cell_width + 0.08) + 0.4
    title, foot = _wrap([title], across, 0.102), _wrap(foot_note, across, 0.057)  # inches a letter
    head, feet, bar = 0.42 + 0.2 * len(title), 0.4 + 0.15 * len(foot), 0.1
    inches = (across, rows * (cell_height + 0.08) + bar + head + feet)
    figure = Figure(figsize=inches, facecolor="white")
    axes = figure.subplots(rows + 1, columns, squeeze=False, height_ratios=[cell_height] * rows + [bar])
    figure.subplots_adjust(
        left=0.32 / inches[0],
        right=1 - 0.08 / inches[0],
        top=1 - head / inches[1],
        bottom=feet / inches[1],
        wspace=0.08 / cell_width,
        hspace=0.08 / (rows * cell_height / (rows + 1)),
    )
    left, up = 0.12 / inches[0], 0.1 / inches[1]
    figure.suptitle("\n".join(title), x=left, y=1 - up, ha="left", va="top", fontsize=11, fontweight="bold")
    figure.text(left, up, "\n".join(foot), fontsize=7.5, color="0.3", va="bottom", linespacing=1.4)
    return figure, axes


def _wrap(lines: Sequence[str], across: float, letter: float) -> list[str]:
    """Lines that fit into ``across`` inches with letters of that mean width."""
    room = int((across - 0.24) / letter)
    return [part for line in lines for part in textwrap.wrap(line, room, break_on_hyphens=False) or [""]]


def _fill(column: Column, cells: NDArray[Any]) -> None:
    height, width = column.pictures.shape[1:3]
    drawing = {
        "extent": (0, width, height, 0),
        "interpolation": "nearest" if max(height, width) < 160 else "antialiased",
    }
    for row, cell in enumerate(cells[:-1]):
        if column.backdrop is not None:
            cell.imshow(column.backdrop[row], **drawing)
        see_through = {"alpha": 0.6} if column.backdrop is not None else {}
        cell.imshow(column.pictures[row], norm=column.scale, cmap=column.colours, **see_through, **drawing)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set(color="0.8", linewidth=0.5)
    cells[0].set_title(column.title, pad=4, **TEXT)
    _colour_bar(column, cells[-1])


def _colour_bar(column: Column, cell: Axes) -> None:
    if column.colours is None or column.scale is None:
        cell.set_axis_off()
        return
    cell.imshow(np.linspace(0, 1, 256)[None], cmap=column.colours, aspect="auto", extent=(0, 1, 0, 1))
    ends = column.ends or ("0", f"≥ {column.scale.vmax:.2g}")
    cell.set(xticks=[0, 1], yticks=[])
    easy, hard = cell.set_xticklabels(ends, fontsize=7, color="0.3")
    easy.set_horizontalalignment("left")
    hard.set_horizontalalignment("right")
    cell.tick_params(axis="x", length=0, pad=2)
    cell.spines[:].set_visible(False)


def _label_rows(cells: NDArray[Any], names: Sequence[str] | None) -> None:
    if names is None:
        return
    for cell, name in zip(cells, names, strict=True):
        room = int(cell.get_window_extent().height / cell.figure.dpi * 18)  # characters of 6.5 points an inch
        short = name if len(name) <= room else f"…{name[1 - room :]}"
        cell.set_ylabel(short, fontsize=6.5, color="0.35", labelpad=3)


def _foot_note(seen: Reconstruction, display: Display, hard: bool) -> list[str]:
    if seen.pixels is None:
        lines = ["The target is not pixels, so there is no reconstruction to show."]
    elif seen.note:
        lines = [f"* Visible patches are those of the image; {seen.note}: the model itself predicts neither."]
    else:
        lines = ["Reconstruction: visible patches are those of the image."]
    if seen.predicted_loss is not None:
        counted = "; the last column hides as many patches as the mask" if hard else ""
        lines.append(f"The loss predicted for the full image is coloured by rank within each image{counted}.")
    if display.note:
        lines.append(f"Display: {display.note}.")
    return lines
