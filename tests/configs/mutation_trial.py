"""How many changes of the shipped configs would the pinned recipes not notice?

    python tests/configs/mutation_trial.py [--runs 'hpm/*']

Every value of every config is changed in memory, one at a time (a number by a tenth or by one, a bool flipped, a text
altered), every hook is dropped, and every default of this project's classes is changed. A change counts as noticed
where the list of differences is another one or the config is refused. Minutes; the same is a slow test.
"""

import argparse
import copy
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from config_tree import NAMES, processes, read  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from pinned import differences, is_pinned, pinned_defaults, rows, run_of, same  # noqa: E402
from resolved import Flat, code_defaults, resolve  # noqa: E402

Place = tuple[Any, ...]


def changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.1 if value else 0.1
    return f"{value}_"


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Numbers, bools and texts of a config, but for names that begin with an underscore; of a long list the first."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not str(key).startswith("_"):
                yield from leaves(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value[:100]):
            yield from leaves(inner, (*place, index))
    elif isinstance(value, bool | int | float | str):
        yield place, value


def with_value(value: Any, place: Place, new: Any) -> Any:
    """A copy of a config, as far as it changes."""
    if not place:
        return new
    first, *rest = place
    if isinstance(value, Mapping):
        return {**value, first: with_value(value[first], tuple(rest), new)}
    items = list(value)
    items[first] = with_value(items[first], tuple(rest), new)
    return items


def hooks(cfg: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each hook's name, and the config without it."""
    own = cfg.get("custom_hooks", [])
    for index, hook in enumerate(own):
        yield f"custom_hooks.{hook['type']}", {**cfg, "custom_hooks": own[:index] + own[index + 1 :]}
    for name in [name for name, hook in cfg["default_hooks"].items() if hook is not None]:
        yield f"default_hooks.{name}", {**cfg, "default_hooks": {**cfg["default_hooks"], name: None}}


def outcome(cfg: Mapping[str, Any], number: int, run: str) -> tuple[list[str], Flat]:
    """The differences from the recipe, or the one line of a refusal; and the resolved config."""
    try:
        flat = resolve(cfg, number)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        return [f"refused: {error}"], {}
    return differences(flat, run), flat


def is_free(before: Flat, after: Flat) -> bool:
    """Whether two resolved configs differ, and only in keys that are no part of a recipe."""
    keys = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    return bool(keys) and not any(map(is_pinned, keys))


def try_config(name: str) -> Iterator[tuple[str, str]]:
    """(what was changed, 'noticed', 'unnoticed' or 'free': no part of a recipe)."""
    cfg, run, number = read(name).to_dict(), run_of(name), processes(name)
    before, flat = outcome(cfg, number, run)
    trials = [(".".join(map(str, place)), with_value(cfg, place, changed(value))) for place, value in leaves(cfg)]
    for what, trial in [*trials, *hooks(cfg)]:
        after, now = outcome(trial, number, run)
        yield what, "noticed" if after != before else "free" if is_free(flat, now) else "unnoticed"


def try_defaults() -> Iterator[tuple[str, str]]:
    """The same of every default of a class."""
    for name, wanted in pinned_defaults().items():
        found = dict(code_defaults(name))
        for key in found:
            trial = {**copy.deepcopy(found), key: changed(found[key] or 0)}
            rest = {other: value for other, value in trial.items() if value is not None}
            noticed = rest.keys() != wanted.keys() or not all(same(rest[other], wanted[other]) for other in rest)
            yield f"{name}.{key}", "noticed" if noticed else "unnoticed"


def paper_of(run: str) -> str:
    """The paper of the last row that names a run."""
    return [row.paper for row in rows() if row.names(run)][-1]


def trial(pattern: str = "*") -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts by paper, and what went unnoticed."""
    counts: dict[str, Counter[str]] = {}
    missed = []
    for name in NAMES:
        run = run_of(name)
        if fnmatchcase(run, pattern):
            for what, result in try_config(name):
                counts.setdefault(paper_of(run), Counter())[result] += 1
                missed += [f"{run}: {what}"] if result == "unnoticed" else []
    for what, result in try_defaults():
        counts.setdefault("defaults of classes", Counter())[result] += 1
        missed += [what] if result == "unnoticed" else []
    return counts, missed


def main() -> int:
    """Print the counts, and each change that went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", default="*", help="pattern of runs, as hpm/*")
    counts, missed = trial(parser.parse_args().runs)
    sys.stdout.write(f"{'changes':>8} {'unnoticed':>9} {'free':>6}  paper\n")
    for paper, count in counts.items():
        tried = count["noticed"] + count["unnoticed"]
        sys.stdout.write(f"{tried:8} {count['unnoticed']:9} {count['free']:6}  {paper}\n")
    sys.stdout.writelines(f"unnoticed: {line}\n" for line in missed)
    return bool(missed)


if __name__ == "__main__":
    init_default_scope("mimseg")
    sys.exit(main())
