"""The pinned recipes: `recipes/*.yaml` as data, and the comparison of a config with them.

A file is a paper. Each of its rows names runs (paths below configs/, without .py, a row of a table behind a colon;
``{a,b}`` stands for both), where the values are printed, and the values, nested or with dotted keys, as configs do:

    paper: Wang et al., Hard Patches Mining for Masked Image Modeling, 2023
    rows:
    - runs: hpm/vitb_200e
      like: mae/vitb_200e        # begins with the recipe of another run
      where: Table S1
      values: {epochs: 200, optimizer.weight_decay: 0.05}
    - runs: hpm/ablations/table2:gamma50_*
      where: Table 2
      values: {ratio: 0.5}

Rows are applied in the order of the file. A value replaces an earlier one; another ``type`` replaces the whole part;
null is None, which also takes a part away; ``hooks+`` appends parts to a list. A pattern with ``*`` gives values to
runs that are named elsewhere: a run that no row names without ``*`` is not pinned, and the test of it fails.
`recipes/defaults.yaml` pins the defaults of this project's classes, `recipes/conventions.yaml` short names of keys and
the keys that are no part of a recipe.

``python tests/configs/pinned.py`` prints every value by paper, with where it is printed and the runs that have it.
"""

import copy
import functools
import itertools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from config_tree import NAMES
from resolved import Flat, flatten, names_class, unique_names

FOLDER = Path(__file__).parent / "recipes"
NOT_PAPERS = ("defaults.yaml", "conventions.yaml")


class Loader(yaml.SafeLoader):
    """YAML 1.2's numbers (1e-3), and fractions (78/196)."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)$"), list("-+.0123456789")
)
Loader.add_implicit_resolver("!fraction", re.compile(r"^\d+/\d+$"), list("0123456789"))
Loader.add_constructor("!fraction", lambda loader, node: int(node.value.split("/")[0]) / int(node.value.split("/")[1]))


@dataclass(frozen=True)
class Row:
    """Values that a paper, its code or this project gives to some runs."""

    paper: str
    file: str
    runs: tuple[str, ...]
    where: str
    values: Mapping[str, Any] = field(hash=False)
    like: str | None = None

    def names(self, run: str) -> bool:
        """Whether the row is about this run, and says its name."""
        return any("*" not in pattern and pattern == run for pattern in self.runs)

    def covers(self, run: str) -> bool:
        """Whether the row is about this run."""
        return any(fnmatchcase(run, pattern) for pattern in self.runs)


def braces(pattern: str) -> Iterator[str]:
    """``a{b,c}`` -> ``ab``, ``ac``."""
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [part.split(",") if index % 2 else [part] for index, part in enumerate(parts)]
    yield from ("".join(chosen) for chosen in itertools.product(*choices))


def read_yaml(name: str) -> Any:
    """A file of the folder."""
    return yaml.load((FOLDER / name).read_text(), Loader)


@functools.cache
def conventions() -> Mapping[str, Any]:
    """Short names and unpinned keys."""
    return read_yaml("conventions.yaml")


@functools.cache
def rows() -> tuple[Row, ...]:
    """All rows; those of `common.yaml` first."""
    files = sorted((path.name for path in FOLDER.glob("*.yaml")), key=lambda name: (name != "common.yaml", name))
    found = []
    for file in files:
        if file in NOT_PAPERS:
            continue
        content = read_yaml(file)
        for row in content["rows"]:
            runs = row["runs"] if isinstance(row["runs"], list) else [row["runs"]]
            patterns = tuple(itertools.chain.from_iterable(map(braces, runs)))
            found.append(Row(content["paper"], file, patterns, row["where"], row.get("values") or {}, row.get("like")))
    return tuple(found)


def run_of(name: str) -> str:
    """``configs/hpm/vitb_200e.py`` -> ``hpm/vitb_200e``, and a row ``configs/hpm/t.py:row`` -> ``hpm/t:row``."""
    return re.sub(r"\.py(?=:|$)", "", name.removeprefix("configs/"))


def name_of(run: str) -> str:
    """``hpm/vitb_200e`` -> ``configs/hpm/vitb_200e.py``, and of a row its table's."""
    file, colon, row = run.partition(":")
    return f"configs/{file}.py{colon}{row}"


class Parts(dict):
    """A list of parts that name a class, by that name and in order."""


def as_tree(value: Any) -> Any:
    """The value with lists of parts as :class:`Parts`."""
    if isinstance(value, list) and value and all(map(names_class, value)):
        return Parts(zip(unique_names(value), map(as_tree, value), strict=True))
    if isinstance(value, Mapping):
        tree: dict[str, Any] = {}
        for key, inner in value.items():
            put(tree, str(key), inner)
        return tree
    return copy.deepcopy(value)


def as_config(tree: Any) -> Any:
    """What :func:`as_tree` was made of."""
    if isinstance(tree, Parts):
        return [as_config(part) for part in tree.values() if part is not None]
    if isinstance(tree, dict):
        return {key: as_config(inner) for key, inner in tree.items()}
    return tree


def put(tree: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key of a tree by the rules of this module."""
    first, _, rest = key.partition(".")
    if rest:
        if tree.get(first) is None:
            tree[first] = {}
        put(tree[first], rest, value)
    elif key.endswith("+"):
        tree.setdefault(key[:-1], Parts()).update(as_tree(value))
    elif key == "type" and tree.get("type", value) != value:
        tree.clear()
        tree["type"] = value
    elif isinstance(value, Mapping):
        if not isinstance(tree.get(key), dict) or (isinstance(tree[key], Parts) and "type" in value):
            tree[key] = {}
        for inner in sorted(value, key=lambda name: name != "type"):
            put(tree[key], str(inner), value[inner])
    else:
        tree[key] = as_tree(value)


def long_key(key: str) -> str:
    """The config's key for a row's."""
    first, dot, rest = key.partition(".")
    plus = "+" if first.endswith("+") else ""
    return conventions()["short names"].get(first.removesuffix("+"), first.removesuffix("+")) + plus + dot + rest


@functools.cache
def tree_of(run: str) -> dict[str, Any]:
    """What the rows say about a run."""
    tree: dict[str, Any] = {}
    for row in rows():
        if row.covers(run):
            if row.like is not None:
                tree = copy.deepcopy(tree_of(row.like))
            for key, value in row.values.items():
                put(tree, long_key(key), value)
    return tree


@functools.cache
def pinned_defaults() -> Mapping[str, Mapping[str, Any]]:
    """Defaults of this project's classes, by class."""
    return {name: dict(entry["values"] or {}) for name, entry in read_yaml("defaults.yaml").items()}


@functools.cache
def expected(run: str) -> Flat:
    """What a run must resolve to."""
    return dict(flatten(as_config(tree_of(run)), lambda name: pinned_defaults().get(name, {})))


@functools.cache
def is_pinned(key: str) -> bool:
    """Whether a key is part of a recipe."""
    return not any(
        fnmatchcase(key, pattern) for patterns in conventions()["not pinned"].values() for pattern in patterns
    )


def same(found: Any, wanted: Any) -> bool:
    """Equal, up to the rounding of a fraction."""
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, bool) or isinstance(wanted, bool) or not isinstance(found, int | float):
        return type(found) is type(wanted) and found == wanted
    return isinstance(wanted, int | float) and abs(found - wanted) <= 1e-9 * abs(wanted)


def differences(found: Flat, run: str) -> list[str]:
    """One line for each key of a resolved config that is not as pinned, is missing, or is pinned nowhere."""
    wanted = expected(run)
    lines = []
    for key in sorted(found.keys() | wanted.keys()):
        if not is_pinned(key):
            continue
        if key not in wanted:
            lines.append(f"{key}={found[key]!r} is pinned by no row")
        elif key not in found:
            lines.append(f"{key}={wanted[key]!r} is missing ({source(run, key)})")
        elif not same(found[key], wanted[key]):
            lines.append(f"{key}={found[key]!r}, not {wanted[key]!r} ({source(run, key)})")
    return lines


def source(run: str, key: str) -> str:
    """Paper and place of the last row that gives a run this key."""
    named = "a default of its class, see defaults.yaml"
    for row in rows():
        if row.covers(run):
            if row.like is not None:
                named = source(row.like, key)
            for given in row.values:
                long = long_key(given).removesuffix("+")
                inner = key[len(long) + 1 :].split(".")[0]
                if key == long or (key.startswith(f"{long}.") and holds(row.values[given], inner)):
                    named = f"{row.paper}: {row.where}"
    return named


def holds(value: Any, name: str) -> bool:
    """Whether a row's value says anything about the part or key ``name`` in it."""
    if isinstance(value, list):
        return any(names_class(part) and name in (part["type"], part["type"].rsplit(".")[-1]) for part in value)
    return isinstance(value, Mapping) and any(str(key).split(".")[0].removesuffix("+") == name for key in value)


def unpinned() -> list[str]:
    """Configs that no row names."""
    return [name for name in NAMES if not any(row.names(run_of(name)) for row in rows())]


def table() -> Iterator[tuple[str, str, str, str, Any]]:
    """(paper, place, run or pattern, key, value) of every value of every row."""
    for row in rows():
        for key, value in row.values.items():
            nested = as_config(as_tree({long_key(key): value}))
            for name, inner in flatten(nested, lambda _: {}):
                for run in row.runs:
                    yield row.paper, row.where, run, name, inner


if __name__ == "__main__":
    paper = ""
    for origin, place, run, name, inner in table():
        if origin != paper:
            paper = origin
            sys.stdout.write(f"\n# {paper}\n")
        sys.stdout.write(f"{run}\t{name}\t{inner}\t{place}\n")
