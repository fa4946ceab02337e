"""What heat maps share: colours, numbers in the cells, a frame around one of them."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

COLOURS = "viridis"


def write_numbers(axes: Axes, values: NDArray[Any], vmin: float, vmax: float, pattern: str = "{:.0f}") -> None:
    """The value in every cell, dark on light and light on dark; nothing where it is NaN."""
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        dark = (value - vmin) / (vmax - vmin) < 0.6
        colour = "white" if dark else "black"
        axes.text(column, row, pattern.format(value), ha="center", va="center", fontsize=7, color=colour)


def mark_cell(axes: Axes, cell: tuple[int, int]) -> None:
    """A red frame around a cell (row, column)."""
    corner = (cell[1] - 0.5, cell[0] - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:red", linewidth=2.5, clip_on=False, zorder=3))
