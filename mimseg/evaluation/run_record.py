"""What a work folder tells of its run: metrics, seed, and the settings that made it."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mimseg.evaluation.metrics_file import METRICS_NAME, read_metrics

# Settings that make no other experiment. The source of the weights is followed instead.
PASSED_OVER = re.compile(
    r"_|(work_dir|experiment_name|launcher|resume|load_from|trust_checkpoint|randomness\.seed"
    r"|model\.backbone\.init_cfg\.checkpoint)$"
)


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        folder: its work folder.
        label: the config's folder and name, and those of the run that its weights came from.
        seed: of the run and of the runs that its weights came from, e.g. ``0`` or ``0 of 2``; empty if unknown.
        settings: all settings but the seed, by dotted name; equal settings make one experiment.
        metrics: numbers by name, e.g. ``knn/end/top1_k10``.
    """

    folder: Path
    label: str
    seed: str
    settings: dict[str, str]
    metrics: dict[str, float]


def read_run(folder: str | Path) -> RunRecord:
    """Read a work folder.

    Of a folder that was used more than once, the newest start counts: neither resumed runs nor tests of the
    folder's own checkpoints.

    Raises:
        FileNotFoundError: no such folder, or none with metrics.
        ValueError: a file in it is broken.
    """
    folder = Path(folder)
    if not (folder / METRICS_NAME).is_file():
        what = "has no metrics.json: the run measured nothing yet" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(f"run {folder} {what}")
    metrics = read_metrics(folder)
    label, seed, settings = _origin(folder)
    tested = metrics.get("test")
    if isinstance(tested, Mapping) and tested.get("weights", "student") != "student":
        settings["weights"] = str(tested["weights"])
        label += f" ({tested['weights']})"
    if isinstance(tested, Mapping) and tested.get("tta"):
        settings["tta"] = "True"
        label += " (test-time augmentation)"
    return RunRecord(folder, label, seed, settings, dict(numbers(metrics)))


def _origin(folder: Path) -> tuple[str, str, dict[str, str]]:
    """Label, seeds and settings of the run in a folder; its name alone where it keeps no config."""
    start = _start(folder)
    if start is None:
        return folder.name, "", {"folder": str(folder)}
    place, config = start
    record = _read_record(place / "run.json")
    path = Path(record.get("config") or folder.name)
    label = "/".join(path.with_suffix("").parts[-2:])
    seed = str(record.get("seed", ""))
    settings = {name: value for name, value in _flat(config) if not PASSED_OVER.match(name)}
    source = config.get("load_from") or _backbone_source(config)
    if source is None:
        return label, seed, settings
    checkpoint = Path(source)
    if _start(checkpoint.parent) is None:
        return f"{label} of {checkpoint.name}", seed, {**settings, "checkpoint": str(source)}
    source_label, source_seed, inherited = _origin(checkpoint.parent)
    inherited = {f"source.{name}": value for name, value in inherited.items()}
    settings |= {"checkpoint": checkpoint.name, **inherited}
    return f"{label} of {source_label}", f"{seed} of {source_seed}", settings


def _backbone_source(config: Mapping[str, Any]) -> str | None:
    """The file that the backbone of a detector or segmentor started from."""
    backbone = (config.get("model") or {}).get("backbone") or {}
    return (backbone.get("init_cfg") or {}).get("checkpoint")


def _start(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """Where the newest start within a work folder keeps its files, and its resolved config."""
    for path in sorted(folder.glob("*/vis_data/config.py"), reverse=True):
        config = _read_config(path)
        source = config.get("load_from")
        own = source is not None and Path(source).resolve().parent == folder.resolve()
        if not config.get("resume") and not own:
            return path.parents[1], config
    return None


def _read_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); leave this run out") from None
    return record


def _read_config(path: Path) -> dict[str, Any]:
    """The values of a resolved config, which is read as data and never run."""
    try:
        assigned = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
        return {node.targets[0].id: _value(node.value) for node in assigned if isinstance(node.targets[0], ast.Name)}
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path} is no resolved config ({error}); leave this run out") from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        positional = [_value(argument) for argument in node.args]
        named = {str(keyword.arg): _value(keyword.value) for keyword in node.keywords}
        return dict(*positional, **named)
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(element) for element in node.elts]
    return ast.literal_eval(node)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested dicts and lists as text, by dotted name."""
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if items is None or not value:
        yield prefix, repr(value)
        return
    for key, inner in items:
        yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))


def numbers(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers inside nested dicts, each with its keys joined by ``/``."""
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from numbers(inner, f"{prefix}{key}/")
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield f"{prefix}{key}", inner
