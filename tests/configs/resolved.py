"""What a config says once everything is resolved: inheritance, defaults of our classes, images in an optimizer step.

A resolved config is a flat dict of dotted keys. A list of parts that name a class is its order under the list's own key
and then one key for each part, by the name of its class:

    custom_hooks                      ['NonFiniteGuard', 'SelectionHook']
    custom_hooks.NonFiniteGuard.patience    10
"""

import functools
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from config_tree import processes, read
from mmengine.config import Config
from mmengine.registry import FUNCTIONS, METRICS, Registry

from mimseg import registry
from mimseg.apis.run.expand import expand_schedule

REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)] + [FUNCTIONS, METRICS]
KEYS_OF_RATES = ("warmup_lr", "min_lr", "steps", "gamma", "counts_warmup", "scale_limits")
Flat = dict[str, Any]
Defaults = Callable[[str], Mapping[str, Any]]


def class_of(name: str) -> Any:
    """What a registry of ours, or of a library that is imported, knows under a name; None without."""
    return next((found for known in REGISTRIES if (found := known.get(name)) is not None), None)


@functools.cache
def code_defaults(name: str) -> Mapping[str, Any]:
    """Defaults of a class of this project, through ``**kwargs`` up to MMEngine's bases; of other classes none."""
    kind = class_of(name) if not name.startswith(("mmdet.", "mmseg.", "mmpretrain.")) else None
    if kind is None or not kind.__module__.startswith("mimseg"):
        return {}
    defaults: dict[str, Any] = {}
    for base in inspect.getmro(kind):
        function = base.__dict__.get("__init__")
        if function is None:
            continue
        if base.__module__.startswith("mmengine"):
            break
        parameters = inspect.signature(function).parameters.values()
        for parameter in parameters:
            if parameter.default is not parameter.empty:
                defaults.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {key: plain(value) for key, value in defaults.items() if is_plain(value)}


def is_plain(value: Any) -> bool:
    """Whether a value can be written down in YAML."""
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, Mapping):
        return all(map(is_plain, value.values()))
    return value is None or isinstance(value, bool | int | float | str)


def plain(value: Any) -> Any:
    """The value with lists for tuples and dicts for mappings."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return value


def bare(kind: str) -> str:
    """A class's name without this project's scope, which some runs have to write and others not."""
    return kind.removeprefix("mimseg.")


def last(kind: str) -> str:
    """A class's name without any scope, as part of a key."""
    return kind.rsplit(".", 1)[-1]


def names_class(value: Any) -> bool:
    """Whether a value is the config of an object."""
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def flatten(value: Any, defaults: Defaults, where: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values; what is None is left out, as if it were not there."""
    if isinstance(value, Mapping):
        if names_class(value):
            value = {**defaults(bare(value["type"])), **value, "type": bare(value["type"])}
        for key, inner in value.items():
            if not str(key).startswith("_"):
                yield from flatten(inner, defaults, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple) and value and all(map(names_class, value)):
        names = list(unique_names(value))
        yield where, [bare(part["type"]) for part in value]
        for name, part in zip(names, value, strict=True):
            rest = {key: inner for key, inner in part.items() if key != "type"}
            kind = bare(part["type"])
            yield from flatten({**defaults(kind), **rest}, defaults, f"{where}.{name}")
    elif isinstance(value, list | tuple) and any(map(holds_mapping, value)):
        for index, item in enumerate(value):
            yield from flatten(item, defaults, f"{where}.{index}")
    elif value is not None:
        yield where, bare(value) if where.endswith(".constructor") else plain(value)


def holds_mapping(value: Any) -> bool:
    """Whether there is a mapping in it, at any depth."""
    return isinstance(value, Mapping) or (isinstance(value, list | tuple) and any(map(holds_mapping, value)))


def unique_names(parts: list[Mapping[str, Any]] | tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    """Names of the classes of a list; the second of a kind is 'Name#2'."""
    seen: dict[str, int] = {}
    for part in parts:
        name = last(part["type"])
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}#{seen[name]}"


def twin_of(cfg: Mapping[str, Any], key: str) -> str | None:
    """The key itself where it is the test's and says what the validation's says, which then stands for both."""
    return key if key.startswith("test_") and cfg[key] == cfg.get(f"val_{key.removeprefix('test_')}") else None


def with_schedule(cfg: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the defaults of its schedule."""
    schedule = {key: value for key, value in (cfg.get("schedule") or {}).items() if key != "stages"}
    return {**cfg, "schedule": {**schedule, **rates_of(json.dumps(schedule))}} if schedule else dict(cfg)


@functools.cache
def rates_of(schedule: str) -> dict[str, Any]:
    """What a schedule, as JSON, is expanded to."""
    expanded = Config({"schedule": json.loads(schedule)})
    expand_schedule(expanded)
    scheduler = expanded.param_scheduler
    if isinstance(scheduler, list):
        return {"power": scheduler[-1]["power"], "warmup_factor": scheduler[0].get("start_factor")}
    return {key: scheduler[key] for key in KEYS_OF_RATES if key in scheduler}


def resolve(cfg: Mapping[str, Any], number: int) -> Flat:
    """A config that ``number`` processes run, with the defaults of this code.

    Batch and accumulation become ``images_per_step``, of every stage where there are stages: how a step is cut into
    batches is a matter of memory. Of indices at equal steps, the first, the second, the last and the number remain.
    """
    stages = (cfg.get("schedule") or {}).get("stages") or []
    cfg = with_schedule({key: value for key, value in cfg.items() if key != twin_of(cfg, key)})
    flat = dict(flatten(cfg, code_defaults))
    for key, value in flat.items():
        if key.endswith(".indices") and value == list(range(value[0], value[-1] + 1, value[1] - value[0] or 1)):
            flat[key] = [value[0], value[1], value[-1], len(value)]
    batch = flat.pop("train_dataloader.batch_size", None)
    accumulation = flat.pop("optim_wrapper.accumulative_counts", 1)
    if batch is None:
        return flat
    steps = {(part.get("batch_size") or batch) * (part.get("accumulative_counts") or accumulation) for part in stages}
    numbers = sorted(number * images for images in steps or {batch * accumulation})
    flat["images_per_step"] = numbers[0] if len(numbers) == 1 else numbers
    if stages:
        flat["schedule.stages"] = [[part["epoch"], part["size"]] for part in stages]
    return flat


def resolved(name: str) -> Flat:
    """A shipped config, resolved."""
    return resolve(read(name).to_dict(), processes(name))
