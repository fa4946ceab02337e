"""Pictures of the images with the highest and the lowest scores."""

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from .columns import SheetColumn
from .display import Display
from .grid import HEADING, ColumnGroup, HeadingLine, draw_grid


def draw_gallery(
    highest: Tensor,
    lowest: Tensor,
    captions: tuple[Sequence[str], Sequence[str]],
    headings: tuple[str, str],
    mean: Tensor,
    std: Tensor,
    title: str,
    columns: int = 5,
) -> Figure:
    """Draw the images of the highest scores beside those of the lowest, each block row by row from its extreme.

    Args:
        highest: normalised ``(n, C, H, W)``, the highest score first.
        lowest: normalised ``(n, C, H, W)``, the lowest score first.
        captions: a line under each image, for both blocks.
        headings: above the blocks.
        mean: ``(C, 1, 1)`` that undoes the normalisation.
        std: ``(C, 1, 1)``.
        title: heading of the sheet.
        columns: of a block; fewer images are drawn where n is no multiple of it.

    Raises:
        ValueError: the blocks have other numbers of images or captions.
    """
    counts = {len(highest), len(lowest), len(captions[0]), len(captions[1])}
    if len(counts) != 1:
        raise ValueError(f"a gallery wants as many captions as images, in both blocks alike; got {sorted(counts)}")
    display = Display.fit(torch.cat([highest, lowest]), mean, std)
    width = min(columns, len(highest))
    groups = [
        ColumnGroup(_columns(display.rgb(images), words, width), [HeadingLine(heading, HEADING, "bold")])
        for images, words, heading in zip((highest, lowest), captions, headings, strict=True)
    ]
    return draw_grid(groups, title, display.notes)


def _columns(rgb: NDArray[Any], captions: Sequence[str], width: int) -> list[SheetColumn]:
    whole = len(rgb) // width * width
    return [SheetColumn("", rgb[i:whole:width], captions=list(captions[i:whole:width])) for i in range(width)]
