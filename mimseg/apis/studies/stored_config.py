"""The resolved config and the record that every start of a run leaves in its work folder."""

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONG_LIST = 50


@dataclass(frozen=True)
class Start:
    """One start of a run: the first one, a resume, or a test of a checkpoint.

    Attributes:
        folder: ``WORK_DIR/<timestamp>``.
        config: the resolved config.
        record: what ``run.json`` tells; empty where there is none.
    """

    folder: Path
    config: dict[str, Any]
    record: dict[str, Any]

    @property
    def weights(self) -> str | None:
        """The file that the model, or the backbone of a detector or segmentor, started from."""
        backbone = (self.config.get("model") or {}).get("backbone") or {}
        return self.config.get("load_from") or (backbone.get("init_cfg") or {}).get("checkpoint")

    def continues(self, folder: Path) -> bool:
        """Whether it resumes the run of ``folder``, or tests a checkpoint of it."""
        source = self.config.get("load_from")
        own = source is not None and Path(source).resolve().parent == folder.resolve()
        return bool(self.config.get("resume")) or own


def starts_of(folder: Path) -> Iterator[Start]:
    """The starts in a work folder, the newest first.

    Raises:
        ValueError: a file of one is broken.
    """
    for path in sorted(folder.glob("*/vis_data/config.py"), reverse=True):
        place = path.parents[1]
        yield Start(place, read_stored_config(path), _read_record(place / "run.json"))


def newest_start(folder: Path) -> Start | None:
    """The newest start that neither resumed the folder's run nor tested its checkpoints; None where there is none."""
    return next((start for start in starts_of(folder) if not start.continues(folder)), None)


def _read_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); leave this run out") from None
    return record


def read_stored_config(path: Path) -> dict[str, Any]:
    """The values of a resolved config, which is read as data and never run.

    Raises:
        ValueError: the file holds more than values.
    """
    try:
        assigned = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
        return {node.targets[0].id: _value(node.value) for node in assigned if isinstance(node.targets[0], ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
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


def hooks_of(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The hooks of a config with their dotted names: those of its list, and those that have names."""
    for number, hook in enumerate(config.get("custom_hooks") or []):
        yield f"custom_hooks.{number}", hook
    for name, hook in (config.get("default_hooks") or {}).items():
        if hook is not None:
            yield f"default_hooks.{name}", hook


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of nested dicts and sequences as text, by dotted name.

    Of a long sequence, such as the indices of a subset, its length and a digest are one leaf.
    """
    if isinstance(value, list | tuple) and len(value) > LONG_LIST:
        digest = hashlib.sha256(repr(list(value)).encode()).hexdigest()[:8]
        yield prefix, f"{len(value)} values, {digest}"
        return
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list | tuple) else ()
    if not items or not value:
        yield prefix, repr(list(value) if isinstance(value, tuple) else value)
        return
    for key, inner in items:
        yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
