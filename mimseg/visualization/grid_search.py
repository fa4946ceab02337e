"""A metric over two settings as a heat map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .heat_map import COLOURS, mark_cell, write_numbers

CELL = 0.9, 0.55  # inches, width and height


def draw_grid_search(
    values: NDArray[np.floating[Any]],
    rows: tuple[str, Sequence[float]],
    columns: tuple[str, Sequence[float]],
    metric: str,
    title: Sequence[str],
) -> Figure:
    """Draw a cell for every pair of settings, the highest value marked.

    Args:
        values: ``(rows, columns)``; NaN where there is none, which stays grey.
        rows: name of the setting that differs between rows, and its values.
        columns: name of the setting that differs between columns, and its values.
        metric: name of the values.
        title: lines of the heading.

    Raises:
        ValueError: ``values`` has another number of rows or columns, or none that is finite.
    """
    (row_name, row_values), (column_name, column_values) = rows, columns
    if values.shape != (len(row_values), len(column_values)) or not np.isfinite(values).any():
        raise ValueError(
            f"a map of {len(row_values)} x {len(column_values)} settings wants as many values, some finite"
        )
    low = float(np.nanmin(values))
    high = max(float(np.nanmax(values)), low + 0.01)  # the last digit that is written
    size = CELL[0] * len(column_values) + 2.6, CELL[1] * len(row_values) + 1.2 + 0.2 * len(title)
    figure = Figure(figsize=(max(size[0], 5.0), max(size[1], 2.8)), facecolor="white", layout="constrained")
    figure.suptitle(title[0], x=0.01, ha="left", fontsize=11, fontweight="bold")
    axes = figure.subplots()
    axes.set_title("\n".join(title[1:]), fontsize=9, loc="left")
    picture = axes.imshow(values, cmap=colormaps[COLOURS].with_extremes(bad="0.85"), aspect="auto", vmin=low, vmax=high)
    write_numbers(axes, values, low, high, pattern="{:.2f}")
    best = np.unravel_index(int(np.nanargmax(values)), values.shape)
    mark_cell(axes, (int(best[0]), int(best[1])))
    axes.set_yticks(range(len(row_values)), [f"{value:g}" for value in row_values])
    axes.set_xticks(range(len(column_values)), [f"{value:g}" for value in column_values])
    axes.set_ylabel(row_name, fontsize=9)
    axes.set_xlabel(column_name, fontsize=9)
    axes.tick_params(labelsize=8, length=0)
    bar = figure.colorbar(picture, ax=axes, fraction=0.05, pad=0.02, format="%.2f")
    bar.set_label(metric, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure
