"""Rows of a table: runs that differ from one another in a few settings, as data in one config file.

A table is a config with ``rows``, and ``FILE.py:ROW`` names one of them wherever a config is named::

    _base_ = "../vitb_400e.py"
    _b8 = {"model.encoder.mask_size": 8}
    rows = {
        "b8_r50": (83.3, {**_b8, "model.masking.ratio.ratio": 0.5}),
        "b8_r75": ({"fine-tuned": 83.3, "linear": 61.2}, _b8),
    }

A row is the paper's figure and its settings by dotted key. One number is the top-1 after fine-tuning; several have the
headings of the paper's table; None stands for no figure. What inherits from a table has its rows, beside its own.
"""

import copy
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...processes import is_first_process
from .config_files import SUFFIXES, ConfigFileError, read_config_file

ALONE = "fine-tuned"
"""The heading of a figure that stands alone."""
ROW_NAME = re.compile(r"[\w+-][\w.+-]*")
Figure = float | Mapping[str, float] | None


@dataclass(frozen=True)
class TableRow:
    """One row.

    Attributes:
        figure: what the paper prints: a number, several by heading, or None.
        settings: by dotted key, as ``--cfg-options`` would set them.
    """

    figure: Figure
    settings: Mapping[str, Any]

    @property
    def figures(self) -> dict[str, float]:
        """The figures by heading."""
        if self.figure is None:
            return {}
        return dict(self.figure) if isinstance(self.figure, Mapping) else {ALONE: self.figure}


def split_row(config: str | Path) -> tuple[Path, str | None]:
    """Split ``FILE.py:ROW``; the row is None in a path without one, and in one with a colon that exists."""
    file, colon, row = str(config).rpartition(":")
    if not colon or "/" in row or Path(file).suffix not in SUFFIXES or os.path.exists(config):
        return Path(config), None
    return Path(file), row


def find_config(config: str | Path) -> tuple[Path, str | None]:
    """Split ``FILE.py:ROW``, also where a row is named by the file of its own that it once was, ``FILE_ROW.py``.

    Raises:
        ConfigFileError: the table that such a name leads to cannot be read.
    """
    file, row = split_row(config)
    if row is None and file.suffix == ".py" and not file.exists():
        words = file.stem.split("_")
        for count in range(len(words) - 1, 0, -1):
            table, row = file.with_name("_".join(words[:count]) + ".py"), "_".join(words[count:])
            if table.is_file() and row in read_table(table):
                _tell(f"note: {config} is now {table}:{row}")
                return table, row
        row = None
    return file, row


def read_table(file: str | Path) -> dict[str, TableRow]:
    """Read the rows of a table by name; none of a config that is no table.

    Raises:
        FileNotFoundError: no such file; names the closest ones.
        ConfigFileError: it cannot be read, or a row is not of the form that this module describes.
    """
    return rows_of(read_config_file(Path(file)), Path(file))


def rows_of(cfg: Config, file: Path) -> dict[str, TableRow]:
    """Take the rows out of what was read from a file.

    Raises:
        ConfigFileError: a row is not of the form that this module describes.
    """
    rows = cfg._cfg_dict.pop("rows", None)
    if rows is None:
        return {}
    if not isinstance(rows, Mapping) or not rows:
        raise ConfigFileError(f"config {file}: rows must be a dict of rows by name, got {_shown(rows)}")
    return {str(name): _row(str(name), row, file) for name, row in rows.items()}


def choose_row(rows: Mapping[str, TableRow], name: str | None, file: Path) -> TableRow | None:
    """Find the row of a table; None of a config that is no table.

    Raises:
        ConfigFileError: a table without a row, a row without a table, or one that the table does not have.
    """
    if name is None and rows:
        raise ConfigFileError(
            f"config {file} is a table: add one of its rows, {file}:{next(iter(rows))} say; {_all(rows)}"
        )
    if name is None:
        return None
    if not rows:
        raise ConfigFileError(f"config {file} is no table and has no row {name}: leave out :{name}")
    if name not in rows:
        close = get_close_matches(name, rows, 1)
        hint = f" (did you mean {file}:{close[0]}?)" if close else ""
        raise ConfigFileError(f"config {file} has no row {name!r}{hint}; {_all(rows)}")
    return rows[name]


def _row(name: str, row: Any, file: Path) -> TableRow:
    place = f"config {file}, row {name}"
    if not ROW_NAME.fullmatch(name):
        raise ConfigFileError(f"config {file}, row {name!r}: a row's name has letters, digits and any of _ . + - only")
    if not isinstance(row, list | tuple) or len(row) != 2 or not isinstance(row[1], Mapping):
        raise ConfigFileError(f"{place} must be (figure, settings by dotted key), got {_shown(row)}")
    figure, settings = row
    numbers = figure.values() if isinstance(figure, Mapping) else () if figure is None else (figure,)
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        raise ConfigFileError(
            f"{place}: its figure must be a number, numbers by heading, or None, got {_shown(figure)}"
        )
    for key in settings:
        if not isinstance(key, str) or key.startswith("_") or not all(key.split(".")):
            raise ConfigFileError(f"{place}: {key!r} is no dotted key of a setting")
    return TableRow(figure, copy.deepcopy(dict(settings)))


def _all(rows: Mapping[str, TableRow]) -> str:
    return f"rows: {', '.join(rows)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else f"{text[:77]}..."


@cache
def _tell(line: str) -> None:
    """Say something once, on one process."""
    if is_first_process():
        print(line, file=sys.stderr)
