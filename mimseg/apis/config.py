"""Reading a config so that a typing error is found before the run starts."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from ..checkpoints import guarded

TOP_LEVEL_KEYS = frozenset(
    {
        "model", "data_preprocessor", "model_wrapper_cfg", "find_unused_parameters", "sync_bn",
        "train_dataloader", "val_dataloader", "test_dataloader",
        "train_cfg", "val_cfg", "test_cfg", "val_evaluator", "test_evaluator",
        "tta_model", "tta_pipeline",
        "schedule", "optim_wrapper", "param_scheduler", "auto_scale_lr",
        "default_hooks", "custom_hooks", "custom_imports", "default_scope",
        "visualizer", "log_level", "log_processor",
        "env_cfg", "launcher", "randomness", "runner_type", "experiment_name", "work_dir",
        "load_from", "load_options", "resume", "overwrite", "trust_checkpoint",
    }
)  # fmt: skip
SUFFIXES = (".py", ".json", ".yaml", ".yml")
# Dicts of which MMEngine reads some keys and passes over the others.
INNER_KEYS = {
    "auto_scale_lr": frozenset({"enable", "base_batch_size"}),
    "load_options": frozenset({"weights", "least", "position_tables", "fixed_positions", "image_size", "scratch"}),
    "env_cfg": frozenset({"cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"}),
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
        }
    ),
}
MOVED_KEYS = {"compile": "model.compile", "activation_checkpointing": "model.activation_checkpointing"}


def load_config(path: str | Path, options: Sequence[str] = ()) -> Config:
    """Read a config file and apply ``key=value`` overrides, as typed on a command line.

    Args:
        path: the config file.
        options: e.g. ``["optim_wrapper.optimizer.lr=1e-4", "train_dataloader.num_workers=4"]``.

    Raises:
        FileNotFoundError: no such file; names the closest ones.
        ValueError: the file is of another kind, an override is not ``key=value``, or sets a helper variable of the file
            (``_name``).
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder, name a file in it" if path.is_dir() else f"does not exist{_similar_files(path)}"
        raise FileNotFoundError(f"config {path} {what}")
    if path.suffix not in SUFFIXES:
        raise ValueError(f"config {path} is no config file; they end in {', '.join(SUFFIXES)}")
    with guarded():  # of a .yaml the values are taken, not what it would build
        cfg = Config.fromfile(path)
    cfg.merge_from_dict(_parse_options(options))
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
    _parse_options(options)
    plain = [load_config(path) for path in paths]
    chosen: list[list[str]] = [[] for _ in paths]
    for option in options:
        key = option.partition("=")[0]
        places = [_place_of(cfg, key) for cfg in plain]
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
    """Refuse top-level keys that nothing reads. Names that begin with ``_`` are a config file's own helpers.

    Raises:
        ValueError: names the key and the closest known one.
    """
    for key in cfg:
        if not key.startswith("_"):
            _check_key(key, TOP_LEVEL_KEYS, "")
    for parent, known in INNER_KEYS.items():
        for key in cfg.get(parent) or ():
            _check_key(key, known, f"{parent}.")


def _check_key(key: str, known: Collection[str], prefix: str) -> None:
    if key in known:
        return
    hint = MOVED_KEYS.get(key) or next(iter(prefix + name for name in get_close_matches(key, sorted(known), 1)), None)
    ending = f"did you mean {hint}?" if hint else f"known are {', '.join(prefix + name for name in sorted(known))}"
    raise ValueError(f"config key {prefix}{key} is read by nothing; {ending}")


def _parse_options(options: Sequence[str]) -> dict[str, Any]:
    for option in options:
        if "=" not in option:
            raise ValueError(f"--cfg-options {option}: write key=value")
        if option.startswith("_"):
            raise ValueError(f"--cfg-options {option}: names with _ are helpers that act only inside the config file")
    parser = argparse.ArgumentParser()
    parser.add_argument("--options", nargs="+", action=DictAction, default={})
    parsed: dict[str, Any] = parser.parse_args(["--options", *options] if options else []).options
    return parsed


def _similar_files(path: Path) -> str:
    candidates = {str(file) for file in (*path.parent.glob("*.py"), *Path("configs").rglob("*.py"))}
    close = get_close_matches(str(path), sorted(candidates), 3, 0.6)
    return f"; did you mean {' or '.join(close)}?" if close else "; the project's configs are under configs/"
