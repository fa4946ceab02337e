"""The configs of the tree, each file read once in a process."""

import copy
import functools
import re
from pathlib import Path
from typing import Any
from unittest import mock

from mmengine.config import Config

from mimseg.apis.run.expand import expand_data

ROOT = Path(__file__).parents[2]
NAMES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.py") if "_base_" not in path.parts)

_parse = functools.cache(Config._file2dict)


def _parse_once(*arguments: Any, **named: Any) -> Any:
    """What MMEngine makes of one file, which it reads again for every config that inherits it."""
    return copy.deepcopy(_parse(*arguments, **named))


@functools.cache
def read(name: str) -> Config:
    """A config with all that it inherits; ``name`` begins with ``configs/``. It is shared: copy it before a change."""
    with mock.patch.object(Config, "_file2dict", _parse_once):
        return expanded(ROOT / name)


def expanded(path: str | Path) -> Config:
    """A config file with what follows from its ``data``."""
    cfg = Config.fromfile(str(path))
    expand_data(cfg)
    return cfg


@functools.cache
def processes(name: str) -> int:
    """The number of processes in the command of the config's header, 1 for ``python tools/train.py``.

    Raises:
        ValueError: the header has no command that says so.
    """
    header = (ROOT / name).read_text().split('"""')[1]
    found = re.search(rf"Command:\s+(.*?{re.escape(name)}(?:\s+(?:CHECKPOINT\s+)?(\d+))?)", header, re.DOTALL)
    if found is None:
        raise ValueError(f"{name}: its header has no line 'Command:' with its own path")
    command, number = found.groups()
    if "dist_" not in command and "slurm_" not in command:
        return 1
    if number is None:
        raise ValueError(f"{name}: the command in its header does not say the number of processes")
    return int(number)
