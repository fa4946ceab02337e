"""Which run a work folder belongs to: a small file in it, and the same id in each of the run's checkpoints."""

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePath
from typing import Any

from .atomic import write_atomically

RUN_FILE = "mimseg_run.json"
"""A folder that holds a file of this name is a run's; what lies in and below it is never data."""
ID_KEY = "run"
"""Where ``meta`` of a checkpoint holds the id."""
LONGEST_ID = 64


@dataclass(frozen=True)
class Run:
    """A run, from its first start over all that resume it.

    Attributes:
        id: 32 hexadecimal digits, drawn when it began.
        config: path of its config file; None for one that was made in memory.
        data: folder of its training images, where its config names one.
        seed: of weights, order and masks.
        begun: when, e.g. ``2026-11-30 21:04:09``.
        command: what it was started with.
        parent: id of the run whose checkpoint it went on from, in a folder of its own.
        parent_checkpoint: that file.
        kind: 'train'; or 'test' for a folder that only holds results of tests.
    """

    id: str
    config: str | None = None
    data: str | None = None
    seed: int | None = None
    begun: str = ""
    command: tuple[str, ...] = ()
    parent: str | None = None
    parent_checkpoint: str | None = None
    kind: str = "train"

    @property
    def name(self) -> str:
        """What a person calls it: its config."""
        return "a config made in memory" if self.config is None else config_name(self.config)


def read_run_file(folder: str | Path) -> Run | None:
    """The run that a folder belongs to; None where no run has begun in it, or one that kept no such file.

    Raises:
        ValueError: the file is broken.
    """
    path = Path(folder) / RUN_FILE
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Run)}
        if not isinstance(record, dict) or run_id(record.get("id")) is None:
            raise ValueError("it has no id")
        return Run(**{name: _plain(name, value) for name, value in record.items() if name in known})
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(
            f"{path} does not tell which run this folder is of ({error}): restore it, or remove it; the folder's run "
            "then is one of unknown origin"
        ) from None


def write_run_file(folder: str | Path, run: Run) -> None:
    """Write which run a folder belongs to.

    Raises:
        AtomicWriteError: it cannot be written.
    """
    write_atomically(Path(folder) / RUN_FILE, (json.dumps(asdict(run), indent=2) + "\n").encode())


def run_id(value: Any) -> str | None:
    """The id that a file claims to have; None where it is none."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isalnum() else None


def config_name(path: str) -> str:
    """A config's path from its last folder ``configs`` on; the whole path of one outside such a folder."""
    parts = PurePath(path).parts
    folders = parts[:-1]
    return "/".join(parts[len(folders) - 1 - folders[::-1].index("configs") :]) if "configs" in folders else path


def as_one_file(config: str | PurePath) -> str:
    """A config's path, of a row of a table as if it were a file of its own: ``t.py:b8`` as ``t_b8.py``.

    Runs of rows that once were such files have that path on record.
    """
    return re.sub(r"\.(\w+):([^/:]+)$", r"_\2.\1", str(config))


def same_config(one: str | None, other: str | None) -> bool:
    """Whether two paths may be one config: below ``configs`` as the folder has it, elsewhere (a copy) by file name."""
    if one is None or other is None:
        return True
    names = [PurePath(as_one_file(config_name(path))) for path in (one, other)]
    if all(name.parts[0] == "configs" for name in names):
        return names[0] == names[1]
    return names[0].stem == names[1].stem


def _plain(name: str, value: Any) -> Any:
    """A value of the record, of the kind that its field has."""
    if name == "command":
        return tuple(map(str, value)) if isinstance(value, list) else ()
    if name == "seed":
        return value if isinstance(value, int) else None
    return None if value is None and name not in ("id", "begun", "kind") else str(value)
