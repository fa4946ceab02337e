"""Reading a config so that a typing error is found before the run starts."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .config_files import read_config_file
from .expand import expand_data
from .expand.data import WATCHES
from .options import merge_option, parse_options
from .rows import choose_row, find_config, rows_of
from .schema import DATA_KEYS, check_data, check_values

TOP_LEVEL_KEYS = frozenset(
    {
        "model", "data_preprocessor", "model_wrapper_cfg", "find_unused_parameters", "sync_bn",
        "train_dataloader", "val_dataloader", "test_dataloader",
        "train_cfg", "val_cfg", "test_cfg", "val_evaluator", "test_evaluator",
        "tta_model", "tta_pipeline",
        "data", "schedule", "optim_wrapper", "param_scheduler", "auto_scale_lr",
        "default_hooks", "custom_hooks", "custom_imports", "default_scope",
        "visualizer", "log_level", "log_processor",
        "env_cfg", "launcher", "randomness", "runner_type", "experiment_name", "work_dir",
        "load_from", "load_options", "resume", "overwrite", "trust_checkpoint",
    }
)  # fmt: skip
# Dicts of which MMEngine reads some keys and passes over the others.
INNER_KEYS = {
    "data": DATA_KEYS,
    "default_hooks": frozenset(
        {
            "runtime_info",
            "timer",
            "sampler_seed",
            "logger",
            "param_scheduler",
            "checkpoint",
            "visualization",
            "provenance",
            "non_finite",
            "throughput",
            "unreadable",
            "rng_state",
            "progress",
            "teacher",
            "selection",
            "sync_buffers",
            "metrics",
            "float32_ops",
            "label_check",
            *WATCHES,
            "predictions",
            "ema",
        }
    ),
}
MOVED_KEYS = {"compile": "model.compile", "activation_checkpointing": "model.activation_checkpointing"}
SWITCHED_OFF = ("env_cfg", "randomness")
"""Sections that MMEngine has a default for, but takes no None."""


def load_config(path: str | Path, options: Sequence[str] = ()) -> Config:
    """Read a config, apply ``key=value`` overrides, check keys and values, and expand ``data``.

    Args:
        path: the config file; of a table one of its rows, ``FILE.py:ROW``, which ``filename`` of the config then says.
        options: e.g. ``["optim_wrapper.optimizer.lr=1e-4", "train_dataloader.num_workers=4"]``, see
            :func:`~mimseg.apis.run.options.parse_value`.

    Raises:
        FileNotFoundError: no such file; names the closest ones.
        ValueError: the file cannot be read, it is a table and the row is missing, or not a row of it; an override is
            not ``key=value``, sets a helper variable of the file (``_name``) or goes through what has no parts; see
            also :func:`check_keys` and :func:`~mimseg.apis.run.expand.expand_data`.
    """
    cfg = _written(path, options)
    check_and_expand(cfg)
    return cfg


def check_and_expand(cfg: Config) -> None:
    """Check a config's keys and values, and expand ``data``, in place; nothing changes where it is expanded already.

    Raises:
        ValueError: see :func:`check_keys` and :func:`~mimseg.apis.run.expand.expand_data`.
    """
    _check_names(cfg)
    if cfg.get("data") is not None:
        check_data(cfg.data)
    expand_data(cfg)
    for name in SWITCHED_OFF:
        if cfg.get(name, "") is None:
            cfg.pop(name)  # as everywhere, None takes an inherited entry away
    check_keys(cfg)


def _written(path: str | Path, options: Sequence[str]) -> Config:
    """A config with overrides, as it is written: ``data`` is not expanded."""
    cfg = read_config(path)
    for key, value in parse_options(options).items():
        merge_option(cfg, key, value)
    return cfg


def read_config(path: str | Path) -> Config:
    """Read a config file, of a table with the settings of one of its rows.

    Raises:
        FileNotFoundError: as :func:`load_config`.
        ValueError: as :func:`load_config`; keys and values are not checked.
    """
    file, name = find_config(path)
    cfg = read_config_file(file)
    row = choose_row(rows_of(cfg, file), name, file)
    if row is not None:
        for key, value in row.settings.items():
            merge_option(cfg, key, value, f"config {file}, row {name}:")
        object.__setattr__(cfg, "_filename", f"{file}:{name}")
    return cfg


def load_configs(paths: Sequence[str | Path], options: Sequence[str] = ()) -> list[Config]:
    """Read several config files, each with the overrides that are for it, see :func:`options_for`.

    Raises:
        FileNotFoundError: as :func:`load_config`.
        ValueError: as :func:`load_config`, or an option for which no config has a place.
    """
    return [load_config(path, own) for path, own in zip(paths, options_for(paths, options), strict=True)]


def options_for(paths: Sequence[str | Path], options: Sequence[str]) -> list[list[str]]:
    """Which ``key=value`` overrides are for which of several configs.

    An option goes to the configs in which its key is set; if it is set in none, to those that have the part that it
    belongs to, so that it may also be a new one; and if none has that, to all, which makes the part. Parts of a model
    are not made: they would have no type.

    Raises:
        FileNotFoundError: as :func:`load_config`.
        ValueError: an option that is not ``key=value``, or for a part of a model that no config has.
    """
    parse_options(options)
    plain = [(_written(path, ()), load_config(path)) for path in paths]
    chosen: list[list[str]] = [[] for _ in paths]
    for option in options:
        key = option.partition("=")[0]
        places = [max(_place_of(cfg, key) for cfg in forms) for forms in plain]
        best = max(places, default=0)
        if not best and key.startswith("model."):
            raise ValueError(f"--cfg-options {option}: none of the configs has {key.rpartition('.')[0]}")
        for place, own in zip(places, chosen, strict=True):
            if place == best:
                own.append(option)
    return chosen


def _place_of(cfg: Config, key: str) -> int:
    """2 where a config has a dotted key, 1 where it has what holds it, else 0."""
    *parents, last = key.split(".")
    part: Any = cfg._cfg_dict
    for name in parents:
        part = _entry(part, name)
    if not isinstance(part, Mapping | list | tuple):
        return 0
    return 1 if _entry(part, last) is _NOTHING else 2


_NOTHING = object()


def _entry(part: Any, name: str) -> Any:
    """What a dict or a list of a config holds under a name."""
    if isinstance(part, Mapping):
        return part.get(name, _NOTHING)
    if isinstance(part, list | tuple) and name.isdigit() and int(name) < len(part):
        return part[int(name)]
    return _NOTHING


def check_keys(cfg: Mapping[str, Any]) -> None:
    """Refuse keys that nothing reads, and values of a wrong type or out of range.

    Names that begin with ``_`` are a config file's own helpers.

    Raises:
        ValueError: names the key, and the closest known one or what its values may be.
    """
    _check_names(cfg)
    for name, hook in (cfg.get("default_hooks") or {}).items():
        if isinstance(hook, Mapping) and "type" not in hook:
            fix = "add it to data.watch, or set its type, too" if name in WATCHES else "set its type, too"
            raise ValueError(f"config key default_hooks.{name} has no type: this config has no such hook; {fix}")
    check_values(cfg)


def _check_names(cfg: Mapping[str, Any]) -> None:
    for key in cfg:
        if not key.startswith("_"):
            _check_key(key, TOP_LEVEL_KEYS, "")
    for parent, known in INNER_KEYS.items():
        inner = cfg.get(parent) or {}
        if not isinstance(inner, Mapping):
            raise ValueError(f"config key {parent} must be a dict, got {inner!r}")
        for key, value in inner.items():
            own = parent == "default_hooks" and isinstance(value, Mapping) and "type" in value
            if not own:  # a hook of one's own may have any name
                _check_key(key, known, f"{parent}.")


def check_trains(cfg: Mapping[str, Any]) -> None:
    """Refuse a config that trains nothing.

    Raises:
        ValueError: names what it lacks, and what it is for.
    """
    lacking = [name for name in ("model", "train_dataloader", "optim_wrapper") if cfg.get(name) is None]
    if not lacking and cfg.get("schedule") is None and cfg.get("train_cfg") is None:
        lacking = ["schedule"]
    if lacking:
        tests = cfg.get("model") is not None and cfg.get("test_dataloader") is not None
        use = "it only tests: use tools/test.py" if tests else "it cannot be trained; configs/ has whole ones"
        raise ValueError(f"config {getattr(cfg, 'filename', None) or ''} has no {lacking[0]}: {use}".replace("  ", " "))


def _check_key(key: str, known: Collection[str], prefix: str) -> None:
    if key in known:
        return
    hint = MOVED_KEYS.get(key) or next(iter(prefix + name for name in get_close_matches(key, sorted(known), 1)), None)
    ending = f"did you mean {hint}?" if hint else f"known are {', '.join(prefix + name for name in sorted(known))}"
    if not prefix and key not in MOVED_KEYS:
        ending += f" (a helper variable of the file is named _{key})"
    raise ValueError(f"config key {prefix}{key} is read by nothing; {ending}")
