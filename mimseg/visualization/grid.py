"""Pictures in labelled rows and columns: every place is reckoned in inches, so that no text covers another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .columns import SheetColumn
from .text import shorten, wrap

# Inches.
CELL = 1.75  # the longer side of one picture,
SMALLEST = 1.1  # which shrinks down to this
WIDEST = 26.0  # where a sheet would be wider than this
GAP, GROUP_GAP = 0.08, 0.14
LEFT, RIGHT, EDGE = 0.32, 0.08, 0.12
BAR = 0.1

TITLE, HEADING, COLUMN, CAPTION, FOOT, NAME = 11, 9, 8, 7, 7.5, 6.5  # points
COLOUR = "0.15"


@dataclass(frozen=True)
class HeadingLine:
    """Words above a group of columns, wrapped to its width."""

    text: str
    size: float = COLUMN
    weight: str = "normal"
    colour: str = COLOUR


@dataclass(frozen=True)
class ColumnGroup:
    """Columns that belong together, and what is written above them."""

    columns: Sequence[SheetColumn]
    heading: Sequence[HeadingLine] = ()


def draw_grid(
    groups: Sequence[ColumnGroup], title: str, foot_note: Sequence[str], names: Sequence[str] | None = None
) -> Figure:
    """One row an image, one column after the other, colour bars below, title above and foot note at the end.

    Args:
        groups: all with as many pictures, all of one size.
        title: heading of the sheet.
        foot_note: sentences, each on a line of its own.
        names: one label a row.
    """
    return _Grid(groups, title, foot_note).draw(names)


class _Grid:
    """The places of everything, measured from the upper left corner."""

    def __init__(self, groups: Sequence[ColumnGroup], title: str, foot_note: Sequence[str]) -> None:
        self.groups = groups
        self.columns = [column for group in groups for column in group.columns]
        self.rows, height, width = self.columns[0].pictures.shape[:3]
        cell = min(CELL, max(SMALLEST, WIDEST / len(self.columns) - GAP))
        self.cell_height = cell * height / max(height, width)
        self.cell_width = max(cell * width / max(height, width), 0.72 * cell)  # room for the headings
        self.lefts = self._left_edges()
        self.across = self.lefts[-1] + self.cell_width + RIGHT
        self.title = wrap(title, self.across - 2 * EDGE, TITLE, "bold")
        self.foot = [line for note in foot_note for line in wrap(note, self.across - 2 * EDGE, FOOT)]
        self.titles = [wrap(column.title, self.cell_width, COLUMN) for column in self.columns]
        self.headings = [self._wrap_heading(group) for group in groups]
        self.caption = 1.5 * CAPTION / 72 if any(column.captions for column in self.columns) else 0.0
        self._stack()

    def _left_edges(self) -> list[float]:
        edges, left = [], LEFT
        for group in self.groups:
            for _ in group.columns:
                edges.append(left)
                left += self.cell_width + GAP
            left += GROUP_GAP
        return edges

    def _wrap_heading(self, group: ColumnGroup) -> list[tuple[str, HeadingLine]]:
        room = len(group.columns) * (self.cell_width + GAP) - GAP
        return [(part, line) for line in group.heading for part in wrap(line.text, room, line.size, line.weight)]

    def _stack(self) -> None:
        """Heights, from the top down."""
        self.heading_top = 0.1 + _height(TITLE) * len(self.title) + 0.12
        headings = max(sum(_height(line.size) for _, line in heading) for heading in self.headings)
        self.rule = self.heading_top + headings + (0.05 if headings else 0.0)
        titles = _height(COLUMN) * max(map(len, self.titles))
        self.top = self.rule + titles + 0.1
        self.step = self.cell_height + self.caption + GAP
        self.bar_top = self.top + self.rows * self.step
        bars = BAR + 0.2 if any(column.colours for column in self.columns) else 0.0
        self.foot_top = self.bar_top + bars + 0.1
        self.down = self.foot_top + _height(FOOT) * len(self.foot) + 0.1

    def draw(self, names: Sequence[str] | None) -> Figure:
        self.figure = Figure(figsize=(self.across, self.down), facecolor="white")
        self._write(EDGE, 0.1, "\n".join(self.title), fontsize=TITLE, fontweight="bold", linespacing=1.35)
        cells = [
            [self._axes(left, self.top + row * self.step, self.cell_height) for left in self.lefts]
            for row in range(self.rows)
        ]
        for index, column in enumerate(self.columns):
            _fill(column, [row[index] for row in cells])
            cells[0][index].set_title("\n".join(self.titles[index]), pad=4, fontsize=COLUMN, color=COLOUR)
            if column.colours is not None and column.scale is not None:
                _fill_bar(column, self._axes(self.lefts[index], self.bar_top, BAR))
        self._write_headings()
        self._write_names([row[0] for row in cells], names)
        self._write(EDGE, self.foot_top, "\n".join(self.foot), fontsize=FOOT, color="0.3", linespacing=1.4)
        return self.figure

    def _axes(self, left: float, top: float, height: float) -> Axes:
        bottom = self.down - top - height
        place = (left / self.across, bottom / self.down, self.cell_width / self.across, height / self.down)
        return self.figure.add_axes(place)

    def _write(self, left: float, top: float, text: str, **style: Any) -> None:
        x, y = left / self.across, 1 - top / self.down
        self.figure.text(x, y, text, ha="left", va="top", parse_math=False, **style)

    def _write_headings(self) -> None:
        first = 0
        for group, heading in zip(self.groups, self.headings, strict=True):
            left = self.lefts[first]
            first += len(group.columns)
            if not heading:
                continue
            top = self.heading_top
            for text, line in heading:
                self._write(left, top, text, fontsize=line.size, fontweight=line.weight, color=line.colour)
                top += _height(line.size)
            right = (self.lefts[first - 1] + self.cell_width) / self.across
            rule = 1 - self.rule / self.down
            self.figure.add_artist(Line2D([left / self.across, right], [rule, rule], color="0.6", linewidth=0.8))

    def _write_names(self, cells: Sequence[Axes], names: Sequence[str] | None) -> None:
        for cell, name in zip(cells, names or [""] * self.rows, strict=True):
            lines = shorten(name, self.cell_height, NAME, lines=2)
            cell.set_ylabel(
                "\n".join(lines), fontsize=NAME, color="0.35", labelpad=2, linespacing=1.0, parse_math=False
            )


def _height(points: float) -> float:
    """Inches from one line to the next."""
    return 1.4 * points / 72


def _fill(column: SheetColumn, cells: Sequence[Axes]) -> None:
    height, width = column.pictures.shape[1:3]
    drawing: dict[str, Any] = {
        "extent": (0, width, height, 0),
        "interpolation": "nearest" if max(height, width) < 160 else "antialiased",
    }
    for row, cell in enumerate(cells):
        if column.backdrop is not None:
            cell.imshow(column.backdrop[row], **drawing)
        alpha = 0.6 if column.backdrop is not None else None
        cell.imshow(column.pictures[row], norm=column.scale, cmap=column.colours, alpha=alpha, **drawing)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set(color="0.8", linewidth=0.5)
        if column.captions is not None:
            cell.set_xlabel(column.captions[row], fontsize=CAPTION, color="0.3", labelpad=2)


def _fill_bar(column: SheetColumn, cell: Axes) -> None:
    cell.imshow(np.linspace(0, 1, 256)[None], cmap=column.colours, aspect="auto", extent=(0, 1, 0, 1))
    ends = column.ends or ("0", f"≥ {column.scale.vmax:.2g}" if column.scale is not None else "")
    cell.set(xticks=[0, 1], yticks=[])
    first, last = cell.set_xticklabels(ends, fontsize=CAPTION, color="0.3")
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    cell.tick_params(axis="x", length=0, pad=2)
    cell.spines[:].set_visible(False)
