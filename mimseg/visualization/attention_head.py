"""Recall of every attention head as a heat map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .heat_map import COLOURS, mark_cell, write_numbers

CELL = 0.5  # inches


def draw_attention_heads(
    heads: NDArray[np.floating[Any]],
    together: NDArray[np.floating[Any]],
    best: tuple[int, int],
    chance: float,
    title: Sequence[str],
) -> Figure:
    """Draw a cell for every block and head, and a column for all heads of a block together.

    Args:
        heads: recall ``(blocks, heads)``, 0 to 1.
        together: recall of the sum over the heads ``(blocks,)``.
        best: block and head of the cell that is marked.
        chance: recall of a random choice, a line on the colour bar.
        title: lines of the heading.

    Raises:
        ValueError: ``together`` or ``best`` belong to another number of blocks and heads.
    """
    rows, columns = heads.shape
    if together.shape != (rows,) or not (0 <= best[0] < rows and 0 <= best[1] < columns):
        raise ValueError(f"a heat map of {heads.shape} wants {rows} sums, got {together.shape}, and no cell {best}")
    heads, together, chance = 100 * heads, 100 * together, 100 * chance
    size = (CELL * (columns + 1) + 2.6, CELL * rows + 1.1 + 0.2 * len(title))
    figure = Figure(figsize=(max(size[0], 6.0), max(size[1], 2.8)), facecolor="white", layout="constrained")
    figure.suptitle(title[0], x=0.01, ha="left", fontsize=11, fontweight="bold")
    left, right = figure.subplots(1, 2, width_ratios=(columns, 1))
    left.set_title("\n".join(title[1:]), fontsize=9, loc="left")
    low, high = _range(heads, together, chance)
    for axes, values in ((left, heads), (right, together[:, None])):
        picture = axes.imshow(values, cmap=COLOURS, aspect="auto", vmin=low, vmax=high)
        write_numbers(axes, values, low, high)
        axes.set_yticks(range(rows))
        axes.tick_params(labelsize=8, length=0)
    left.set_xticks(range(columns))
    left.set_xlabel("head", fontsize=9)
    left.set_ylabel("block", fontsize=9)
    right.set_xticks([0], ["all heads"])
    right.set_yticklabels([])
    mark_cell(left, best)
    bar = figure.colorbar(picture, ax=[left, right], fraction=0.05, pad=0.02)
    bar.set_label("recall of object patches, %", fontsize=9)
    bar.locator = MaxNLocator(6, integer=True)
    bar.ax.tick_params(labelsize=8)
    bar.ax.axhline(chance, color="tab:red", linewidth=2)
    bar.ax.set_title(f"chance {chance:.1f}", fontsize=8, color="tab:red")
    return figure


def _range(heads: NDArray[Any], together: NDArray[Any], chance: float) -> tuple[float, float]:
    """Ends of the colour scale; chance lies within it."""
    low, high = min(heads.min(), together.min(), chance), max(heads.max(), together.max(), chance)
    return float(low), float(max(high, low + 1e-6))
