"""The configs of the tree, and the rows of its tables, each file read once in a process."""

import copy
import functools
import re
from pathlib import Path
from typing import Any
from unittest import mock

from mmengine.config import Config

from mimseg.apis.run.config import read_config
from mimseg.apis.run.expand import expand_data
from mimseg.apis.run.rows import TableRow, read_table, split_row

ROOT = Path(__file__).parents[2]
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.py") if "_base_" not in path.parts)

_parse = functools.cache(Config._file2dict)


def _parse_once(*arguments: Any, **named: Any) -> Any:
    """What MMEngine makes of one file, which it reads again for every config that inherits it."""
    return copy.deepcopy(_parse(*arguments, **named))


def _tables() -> dict[str, dict[str, TableRow]]:
    """The rows of the tables, by file."""
    with mock.patch.object(Config, "_file2dict", _parse_once):
        files = [file for file in FILES if re.search(r"^rows\b", (ROOT / file).read_text(), re.MULTILINE)]
        return {file: read_table(ROOT / file) for file in files}


TABLES = _tables()
NAMES = [name for file in FILES for name in ([f"{file}:{row}" for row in TABLES.get(file, ())] or [file])]
"""Every config, and every row of a table as ``FILE.py:ROW``."""


@functools.cache
def read(name: str) -> Config:
    """A config with all that it inherits; ``name`` begins with ``configs/``. It is shared: copy it before a change."""
    with mock.patch.object(Config, "_file2dict", _parse_once):
        return expanded(ROOT / name)


def expanded(path: str | Path) -> Config:
    """A config file, or a row of a table, with what follows from its ``data``."""
    cfg = read_config(path)
    expand_data(cfg)
    return cfg


def header(name: str) -> str:
    """What a config says of itself."""
    return split_row(ROOT / name)[0].read_text(encoding="utf-8").split('"""')[1]


@functools.cache
def processes(name: str) -> int:
    """The number of processes in the command of the config's header, 1 for ``python tools/train.py``.

    Raises:
        ValueError: the header has no command that says so.
    """
    file, row = split_row(name)
    own = re.escape(str(file)) + ("" if row is None else ":ROW")
    found = re.search(rf"Command:\s+(.*?{own}(?:\s+(?:CHECKPOINT\s+)?(\d+))?)", header(name), re.DOTALL)
    if found is None:
        raise ValueError(f"{name}: its header has no line 'Command:' with its own path")
    command, number = found.groups()
    if "dist_" not in command and "slurm_" not in command:
        return 1
    if number is None:
        raise ValueError(f"{name}: the command in its header does not say the number of processes")
    return int(number)
