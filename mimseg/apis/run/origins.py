"""Where each setting of a config comes from: a file that it inherits, its own, its row, an option, or a schedule."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config import check_and_expand
from .config_files import bases_of, each_file_once, read_config_file
from .expand import expand_schedule
from .options import merge_option, parse_options
from .rows import choose_row, find_config, rows_of

NOTHING = object()
DERIVED = {"data": check_and_expand, "schedule": expand_schedule}
"""What is written in short, and what expands it, in the order in which that is done."""
Leaves = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        key: dotted; a number is a place in a list.
        value: a scalar, a list of scalars, or an empty dict or list.
        origin: a file and the line in it, ``FILE.py:ROW``, ``--cfg-options``, or ``derived from schedule``.
    """

    key: str
    value: Any
    origin: str


def settings_of(config: str | Path, options: Sequence[str] = ()) -> list[Setting]:
    """Resolve a config as a run gets it, and tell of each setting what gave it its value.

    A file that sets what its base has already is not named: the value is the base's. What is written in short, such as
    ``schedule``, is there beside what is derived from it.

    Raises:
        FileNotFoundError, ValueError: as :func:`~mimseg.apis.run.config.load_config`.
    """
    file, name = find_config(config)
    with each_file_once():
        origins = _origins(file)
        cfg = read_config_file(file)
    row = choose_row(rows_of(cfg, file), name, file)
    if row is not None:
        for key, value in row.settings.items():
            merge_option(cfg, key, value, f"config {file}, row {name}:")
        origins = _updated(origins, leaves(cfg), f"{_shown(file)}:{name}")
    for key, value in parse_options(options).items():
        merge_option(cfg, key, value)
        origins = _updated(origins, leaves(cfg), "--cfg-options")
    for key, expand in DERIVED.items():
        expand(cfg)
        origins |= _updated(origins, leaves(cfg), f"derived from {key}")
    return [Setting(key, value, origin) for key, (value, origin) in origins.items()]


def leaves(cfg: Config) -> Leaves:
    """Settings by dotted key, in the config's order; helpers (``_name``) and rows are none."""
    values = cfg.to_dict().items()
    return {
        leaf: inner
        for key, value in values
        if not key.startswith("_") and key != "rows"
        for leaf, inner in _inside(key, value)
    }


def _inside(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    parts: Any = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(part, Mapping) for part in value):
        parts = enumerate(value)
    if not parts:
        yield key, value
    for name, inner in parts:
        yield from _inside(f"{key}.{name}", inner)


def _origins(file: Path) -> dict[str, tuple[Any, str]]:
    """Value and origin of each setting of a file, by way of the files that it inherits."""
    inherited = {key: found for base in bases_of(file) for key, found in _origins(base).items()}
    found = {}
    for key, value in leaves(read_config_file(file)).items():
        known = inherited.get(key, (NOTHING, ""))
        found[key] = known if known[0] == value and type(known[0]) is type(value) else (value, _place(file, key))
    return found


def _updated(origins: dict[str, tuple[Any, str]], now: Leaves, origin: str) -> dict[str, tuple[Any, str]]:
    """The settings as they are now; what was otherwise before is from ``origin``."""
    same = {key for key, value in now.items() if key in origins and origins[key][0] == value}
    return {key: origins[key] if key in same else (value, origin) for key, value in now.items()}


def _place(file: Path, key: str) -> str:
    """A file, and the line in it that sets a key, as far as that is written out."""
    first, *rest = key.split(".")
    line = None
    for node in _assignments(file):
        if any(_root(target) == first for target in node.targets):
            line = node.lineno
            if isinstance(node.targets[0], ast.Name):
                line = _line(node.value, rest) or line
    return _shown(file) if line is None else f"{_shown(file)}, line {line}"


@cache
def _assignments(file: Path) -> tuple[ast.Assign, ...]:
    if file.suffix != ".py":
        return ()
    return tuple(node for node in ast.parse(file.read_text(encoding="utf-8-sig")).body if isinstance(node, ast.Assign))


def _root(target: ast.expr) -> str | None:
    """The name at the beginning of ``name.part[0].part``."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


def _line(value: ast.expr, names: Sequence[str]) -> int | None:
    """The line of the innermost part of an expression that a path of names leads to."""
    if not names:
        return value.lineno
    inner: ast.expr | None = None
    if isinstance(value, ast.Call):
        inner = next((keyword.value for keyword in value.keywords if keyword.arg == names[0]), None)
    elif isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        inner = next((part for key, part in pairs if isinstance(key, ast.Constant) and key.value == names[0]), None)
    elif isinstance(value, ast.List | ast.Tuple) and names[0].isdigit() and int(names[0]) < len(value.elts):
        inner = value.elts[int(names[0])]
    return value.lineno if inner is None else _line(inner, names[1:])


def _shown(file: Path) -> str:
    """A path from the current folder, where it is below it."""
    full = file.resolve()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)
