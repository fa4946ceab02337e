"""Position tables of a file in a model with another window, patch grid or image size."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..ops.posembed import resize_grid
from .adapt import Fitted, adapt_table, grid_of_table, square_grid, with_class_row
from .formats.weights import RELATIVE, RELATIVE_PART, SIZE, TABLE
from .geometric import resize_geometric

Pair = tuple[int, int]
PositionTables = Literal["bicubic", "geometric", "reinit"]
"""What becomes of position tables of another size: see :func:`mimseg.checkpoints.load_weights`."""
WINDOW_TABLE = "relative_position_bias_table"
PAIR_BIAS = "relative_position_bias"
ABSOLUTE_TABLE = "pos_embed"
OWN_TABLES = "relative."
"""Where a backbone for dense prediction has the relative positions of its blocks."""
BLOCK_TABLE = re.compile(r"(relative|encoder\.relative_position_bias)\.(\w+)\.(table|size)")
"""A table of relative positions that is not of all blocks, and its grid: the backbone's, or a DenseViT's."""
CLASS_ROWS = 3
"""Rows of a table of relative positions for the class token: as query, as key, with itself (BEiT)."""
REBUILT = ("relative_position_index", "relative_coords_table", "attn_mask")
"""Endings of buffers that follow from a model's windows; a file's are never needed."""


@dataclass(frozen=True)
class Resize:
    """The way in which a position table of a file is resized.

    Attributes:
        what: from what to what, in words.
        bicubic: gives the resized table.
        geometric: gives it resized on a geometric progression of distances; None where entries are no distances.
    """

    what: str
    bicubic: Callable[[], Tensor]
    geometric: Callable[[], Tensor] | None = None

    def by(self, method: PositionTables) -> Fitted:
        """The resized table, 'bicubic' or 'geometric'.

        Raises:
            ValueError: the window or grid of the file's table cannot be told.
        """
        if method == "geometric" and self.geometric is not None:
            return Fitted(self.geometric(), f"{self.what} (geometric)")
        why = ", it has no distances" if method == "geometric" else ""
        return Fitted(self.bicubic(), f"{self.what} (bicubic{why})")


def resize_of(
    name: str, source: Mapping[str, Tensor], target: Mapping[str, Tensor], model: nn.Module, grid: Pair | None
) -> Resize | None:
    """Find how the file's table ``name`` becomes the model's; None for other tensors, and where resizing does not help.

    Args:
        name: of the tensor, in both.
        source: the file's tensors.
        target: the model's.
        model: the model, whose modules tell their windows and grids.
        grid: patch grid of the encoder's absolute table in the file, if it tells.

    Raises:
        ValueError: the grid of the file's absolute table cannot be told.
    """
    table, new = source[name], target[name]
    module, _, kind = name.rpartition(".")
    across = 0 if kind == PAIR_BIAS else -1  # the dimension of heads or channels
    if table.ndim != new.ndim or not table.ndim or table.shape[across] != new.shape[across]:
        return None
    if name.endswith(RELATIVE) or (BLOCK_TABLE.fullmatch(name) and not name.startswith(OWN_TABLES)):
        old, to = pair_of(source[_size_of(name)]), pair_of(target[_size_of(name)])
        what = f"relative positions of grid {_sides(old)} -> {_sides(to)}"
        return None if old == to else _of_distances(table, old, to, CLASS_ROWS, what)
    if name.endswith(TABLE):
        return _of_encoder(table, grid, pair_of(target[name.removesuffix(TABLE) + SIZE]))
    if table.shape == new.shape:
        return None
    if kind == WINDOW_TABLE and table.ndim == 2:
        return _of_windows(name, table, len(new), model.get_submodule(module))
    if kind == PAIR_BIAS and table.ndim == 3:
        return _of_pairs(table, (new.shape[1], new.shape[2]))
    if kind == ABSOLUTE_TABLE and table.ndim == 3 and len(table) == len(new) == 1:
        return _absolute(name, table[0], new.shape[1], model.get_submodule(module))
    return None


def is_relative(name: str) -> bool:
    """Whether a tensor is a table of relative positions of a ViT of pre-training, or its grid."""
    return name.startswith(RELATIVE_PART)


def spread_from(name: str, source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> str | None:
    """The file's table, of another name, from which the table ``name`` of some blocks starts; None for other tensors.

    A file may have one that its blocks share, or one of each block where the model keeps them elsewhere.
    """
    match = BLOCK_TABLE.fullmatch(name)
    if match is None or match[3] != "table" or _size_of(name) not in target:
        return None
    for table in (RELATIVE, RELATIVE.replace("table", f"{match[2]}.table")):
        if table in source and table not in target:
            return table
    return None


def spread_names(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> set[str]:
    """The file's tables, and their grids, from which tables of other names start."""
    tables = {table for name in target if (table := spread_from(name, source, target))}
    return tables | set(map(_size_of, tables))


def spread_of(name: str, source: Mapping[str, Tensor], target: Mapping[str, Tensor], model: nn.Module) -> Resize | None:
    """Find how the table of :func:`spread_from` starts the table ``name`` of some blocks; None for other tensors.

    As in the fine-tuning of BEiT and SimMIM, every block starts with all of what the file's blocks share, resized to
    its grid. Tables of windows take the numbers of their distances, and are resized only where windows are larger than
    the file's grid.
    """
    origin = spread_from(name, source, target)
    if origin is None:
        return None
    table, old, new = source[origin], pair_of(source[_size_of(origin)]), pair_of(target[_size_of(name)])
    if table.shape[1] != target[name].shape[1]:
        return None
    of = "the table that the file's blocks share" if origin == RELATIVE else "the file's table of the block"
    what = f"{of}, grid {_sides(old)} -> {_sides(new)}"
    stretches = getattr(model.get_submodule(name.rpartition(".")[0]), "stretch", True)
    if stretches or any(n > o for n, o in zip(new, old, strict=True)):
        return _of_distances(table, old, new, CLASS_ROWS, what)
    return Resize(f"{what}, of its distances", lambda: _shorter(table, old, new))


def is_own_size(name: str) -> bool:
    """Whether a tensor is the grid of a table of some blocks: a model's settings say it."""
    match = BLOCK_TABLE.fullmatch(name)
    return match is not None and match[3] == "size"


def _size_of(table: str) -> str:
    """The name of the grid of a table of relative positions."""
    return table.removesuffix("table") + "size"


def _shorter(table: Tensor, old: Pair, new: Pair) -> Tensor:
    """Of a table of one grid, the rows of the distances in a smaller one, and those of the class token."""
    cells, rest = table[:-CLASS_ROWS], table[-CLASS_ROWS:]
    cut = cells.unflatten(0, (2 * old[0] - 1, 2 * old[1] - 1))
    down, right = old[0] - new[0], old[1] - new[1]
    cut = cut[down : down + 2 * new[0] - 1, right : right + 2 * new[1] - 1]
    return torch.cat([cut.flatten(0, 1), rest])


def _of_encoder(table: Tensor, told: Pair | None, new: Pair) -> Resize | None:
    """The learned absolute table ``(1 + L, D)`` of our ViTs, and of those that are read as ours.

    One without a row for the class token, as DeiT-3's, gets zeros there.
    """
    added = ""
    if told is None and len(table) - 1 != new[0] * new[1]:
        rows = len(table)
        table = with_class_row(table)
        added = ", zeros for the class token" if len(table) > rows else ""
    old = grid_of_table(len(table) - 1, told, new)
    if old == new and not added:
        return None
    return Resize(f"grid {_sides(old)} -> {_sides(new)}{added}", lambda: adapt_table(table, old, new))


def _of_distances(table: Tensor, old: Pair, new: Pair, extra: int, what: str) -> Resize:
    """A table ``((2h - 1) * (2w - 1) + extra, heads)``, h w of a window or grid; the extra rows stay as they are."""
    spans = [(2 * h - 1, 2 * w - 1) for h, w in (old, new)]
    cells, rest = table[: len(table) - extra], table[len(table) - extra :]

    def by(resize: Callable[[Tensor, Pair, Pair], Tensor]) -> Tensor:
        return torch.cat([resize(cells, *spans), rest])

    return Resize(what, lambda: by(resize_grid), lambda: by(resize_geometric))


def _of_windows(name: str, table: Tensor, rows: int, owner: nn.Module) -> Resize:
    """A table of Swin, or of BEiT with rows for the class token, for the windows of its module."""
    new, extra = _window_of(name, owner, rows)
    old = _window_like(len(table) - extra, new)
    if old is None:
        return _unknown(name, len(table), rows, "window")
    return _of_distances(table, old, new, extra, f"window {_side(old)} -> {_side(new)}")


def _window_of(name: str, owner: Any, rows: int) -> tuple[Pair, int]:
    """The window of a module with a table of so many rows, and how many of them are the class token's."""
    for attribute in ("window", "window_size"):
        window = getattr(owner, attribute, None)
        h, w = window if isinstance(window, tuple | list) and len(window) == 2 else (window, window)
        if isinstance(h, int) and isinstance(w, int) and (extra := rows - (2 * h - 1) * (2 * w - 1)) in (0, CLASS_ROWS):
            return (h, w), extra
    for extra in (0, CLASS_ROWS):
        if window := _window_like(rows - extra, (1, 1)):
            return window, extra
    raise ValueError(f"{name} has {rows} rows in the model, of which no window can be told")


def _window_like(rows: int, like: Pair) -> Pair | None:
    """The window (h, w) with ``(2h - 1) * (2w - 1)`` distances that is shaped like another one, or else square."""
    divisor = gcd(*like)
    for h, w in ((like[0] // divisor, like[1] // divisor), (1, 1)):
        for scale in range(1, rows + 1):
            cells = (2 * scale * h - 1) * (2 * scale * w - 1)
            if cells == rows:
                return scale * h, scale * w
            if cells > rows:
                break
    return None


def _of_pairs(bias: Tensor, new: Pair) -> Resize:
    """A bias ``(heads, queries, keys)`` of CMT, resized as an image, as in FastMIM's public code."""
    old = bias.shape[1], bias.shape[2]
    return Resize(
        f"queries x keys {_sides(old)} -> {_sides(new)}",
        lambda: F.interpolate(bias[None].float(), size=new, mode="bicubic", align_corners=False)[0].to(bias.dtype),
    )


def _absolute(name: str, table: Tensor, length: int, owner: nn.Module) -> Resize:
    """A learned table ``(prefix + h * w, D)`` of another library's model, prefix tokens' rows as they are."""
    new = _grid_of(owner, length)
    old = None if new is None else square_grid(len(table) - length + new[0] * new[1])
    if new is None or old is None:
        return _unknown(name, len(table), length, "square grid")
    prefix = length - new[0] * new[1]

    def resized() -> Tensor:
        return torch.cat([table[:prefix], resize_grid(table[prefix:], old, new)])[None]

    return Resize(f"grid {_sides(old)} -> {_sides(new)}", resized)


def _grid_of(owner: Any, length: int) -> Pair | None:
    """The patch grid of a module with a table of so many rows: as it tells, or square behind up to two tokens."""
    told = (
        getattr(getattr(owner, "patch_embed", None), "grid_size", None),  # timm
        getattr(owner, "patch_resolution", None),  # mmpretrain
        getattr(owner, "pos_shape", None),
    )  # mmdet
    for grid in told:
        if isinstance(grid, tuple | list) and len(grid) == 2 and grid[0] * grid[1] <= length:
            return int(grid[0]), int(grid[1])
    return next((grid for prefix in range(3) if (grid := square_grid(length - prefix))), None)


def _unknown(name: str, old: int, new: int, kind: str) -> Resize:
    """A table that can be left out, but not be resized."""

    def refuse() -> Tensor:
        raise ValueError(
            f"{name} has {old} rows in the file and {new} in the model, of which no {kind} can be told; build the "
            "model for the file's image size and windows, or set load_options.position_tables=reinit"
        )

    return Resize(f"{old} -> {new} rows", refuse)


def pair_of(size: Tensor) -> Pair:
    """The two numbers of a tensor that holds a size."""
    height, width = size.tolist()
    return height, width


def _sides(size: Pair) -> str:
    return f"{size[0]}x{size[1]}"


def _side(size: Pair) -> str:
    return str(size[0]) if size[0] == size[1] else _sides(size)
