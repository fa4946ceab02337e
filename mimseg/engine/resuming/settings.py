"""The settings of a run in its checkpoints, and what a resume changes of them."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from ..schedule import SCHEDULE_KEYS
from .checker import FIRST_CONFIG, Checker, show

# What makes no other training: where it runs and writes, and what is checked by itself.
PASSED_OVER = re.compile(
    r"_|(work_dir|load_from|load_options|resume|trust_checkpoint|launcher|experiment_name|runner_type|log_level"
    r"|log_processor|visualizer|env_cfg|custom_imports|default_scope|randomness\.seed|val_cfg|test_\w+"
    r"|model\.(backbone\.)?init_cfg)(\.|$)"
    r"|.*\.(num_workers|persistent_workers|pin_memory|prefetch_factor|multiple_of)$"
)
# What moments cannot follow: they are of one kind, and numbered in the order of the groups.
FOLLOWED_BY_NO_MOMENT = re.compile(
    r"optim_wrapper\.(optimizer\.type|constructor|paramwise_cfg\.(?!layer_decay$|exempt\.).*)$"
)
AS_WRITTEN = {
    "train_cfg.max_iters": "schedule.iterations",
    "train_cfg.val_interval": "schedule.val_interval",
    "train_cfg.stages": "schedule.stages",
}
SHOWN_CHANGES = 30


def describe_settings(config: Mapping[str, Any]) -> str:
    """A resolved config as JSON text, for a checkpoint; what JSON does not know is named by its type."""

    def name(value: Any) -> str:
        return getattr(value, "__qualname__", type(value).__qualname__)

    return json.dumps(_plain(config), default=name, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def find_changes(checker: Checker, saved: str, now: str) -> dict[str, str]:
    """What a resume changes: ``then -> now`` by the name of each setting.

    Args:
        checker: of the file.
        saved: settings of the run that wrote it, by :func:`describe_settings`.
        now: of this one.

    Raises:
        ValueError: ``saved`` is no such text, or a setting changed that the optimizer's moments cannot follow.
    """
    before, after = _read(checker, saved), json.loads(now)
    names = _names_of_hooks(before) | _names_of_hooks(after)
    then, ours = (dict(_leaves(_with_named_hooks(settings, names))) for settings in (before, after))
    changes: dict[str, str] = {}
    for key in sorted(then.keys() | ours.keys()):
        old, new = then.get(key), ours.get(key)
        if PASSED_OVER.match(key) or _without_scope(old) == _without_scope(new):
            continue
        if FOLLOWED_BY_NO_MOMENT.match(key):
            _refuse_optimizer(checker, key, old, new)
        changes.setdefault(_as_written(key, then.keys() | ours.keys()), f"{_shown(old)} -> {_shown(new)}")
    return dict(sorted(changes.items()))


def _names_of_hooks(settings: Mapping[str, Any]) -> dict[str, str]:
    """The keys of ``default_hooks`` by the class of the hook."""
    named = settings.get("default_hooks")
    hooks = named.items() if isinstance(named, dict) else ()
    return {_class_of(hook): name for name, hook in hooks if _class_of(hook)}


def _class_of(hook: Any) -> str:
    return str(hook.get("type", "")).rpartition(".")[2] if isinstance(hook, dict) else ""


def _with_named_hooks(settings: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The settings with each hook of ``custom_hooks`` under the name that hooks of its class have in the other run."""
    named, listed = settings.get("default_hooks"), settings.get("custom_hooks")
    if not isinstance(named, dict) or not isinstance(listed, list):
        return settings
    moved = {names[_class_of(hook)]: hook for hook in listed if _class_of(hook) in names}
    rest = [hook for hook in listed if _class_of(hook) not in names]
    return {**settings, "default_hooks": {**named, **moved}, "custom_hooks": rest}


def _read(checker: Checker, saved: Any) -> dict[str, Any]:
    try:
        if not isinstance(saved, str):
            raise TypeError
        parsed = json.loads(saved)
        if not isinstance(parsed, dict):
            raise TypeError
        list(_leaves(parsed))  # nested too deeply: refused here
        return parsed
    except (TypeError, ValueError, RecursionError):
        checker.refuse(f"meta.settings is {show(saved)}, not the JSON text of a config")


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """JSON text of each setting by dotted name. A list of plain values is one setting."""
    if isinstance(value, dict) and value:
        items: Any = value.items()
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        items = enumerate(value)
    else:
        yield prefix, json.dumps(value)
        return
    for key, inner in items:
        yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))


def _without_scope(text: str | None) -> str | None:
    """``"mimseg.PretrainLoop"`` is ``"PretrainLoop"``."""
    return None if text is None else re.sub(r'^"(mimseg|mmengine|mmpretrain|mmdet|mmseg)\.(\w+)"$', r'"\2"', text)


def _as_written(key: str, known: Any) -> str:
    """The name by which a user set what ``schedule`` was turned into."""
    if key == "train_cfg.max_epochs":
        return "schedule.stop" if "train_cfg.schedule_epochs" in known else "schedule.epochs"
    if key in ("train_cfg.schedule_epochs", "param_scheduler.end"):
        return "schedule.epochs"
    part, _, name = key.partition(".")
    if part == "param_scheduler" and name in SCHEDULE_KEYS:
        return f"schedule.{name}"
    return next((key.replace(ours, written, 1) for ours, written in AS_WRITTEN.items() if key.startswith(ours)), key)


def _shown(text: str | None) -> str:
    if text is None:
        return "unset"
    return text if len(text) <= 100 else f"{text[:97]}..."


def _printable(key: str) -> str:
    return ascii(key[:100])[1:-1]


def _refuse_optimizer(checker: Checker, key: str, old: str | None, new: str | None) -> NoReturn:
    checker.refuse(
        f"{key} was {_shown(old)} and now is {_shown(new)}, which the optimizer's moments do not fit", FIRST_CONFIG
    )


def describe_changes(file: str, changes: Mapping[str, str]) -> str:
    """What the log says of them, in one block."""
    if not changes:
        return f"{file}: no setting has changed"
    lines = [f"{_printable(key)}: {change}" for key, change in list(changes.items())[:SHOWN_CHANGES]]
    if len(changes) > SHOWN_CHANGES:
        lines.append(f"and {len(changes) - SHOWN_CHANGES} more")
    return "\n  ".join(
        [f"{file}: settings that this resume changes, and that hold from here on ({len(changes)}):", *lines]
    )
