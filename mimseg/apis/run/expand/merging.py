"""What a config says itself, over what ``data`` makes; and what contradicts it."""

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

from ....registry import DATASETS
from .pipelines import Made


def merge_over(explicit: Mapping[str, Any], made: Made) -> Made:
    """Merge the entries of a config over what is made, as over a base; None takes away what would be made."""
    made = {key: value for key, value in made.items() if explicit.get(key, value) is not None}
    given = {key: copy.deepcopy(explicit[key]) for key in made if key in explicit}
    base = ConfigDict(copy.deepcopy(made))
    try:
        return dict(Config._merge_a_into_b(ConfigDict(given), base, allow_list_keys=True))
    except (KeyError, TypeError) as error:
        raise ValueError(f"config key {', '.join(given)}: {_obstacle(given, made) or error}") from None


def _obstacle(given: Any, made: Any, key: str = "") -> str:
    """Where the entries of a config do not fit what ``data`` makes."""
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if isinstance(made, list | tuple):
            if not str(name).isdigit() or int(name) >= len(made):
                return f"{key} is a list of {len(made)}, which data makes: it has no entry {name} that could be set"
            found = _obstacle(value, made[int(name)], f"{key}.{name}")
        elif isinstance(made, Mapping):
            found = _obstacle(value, made.get(name), f"{key}.{name}".removeprefix("."))
        else:
            found = f"{key} is {made!r}, which data makes, and has no parts" if made is not None else ""
        if found:
            return found
    return ""


def add_hooks(cfg: Config, hooks: Made) -> None:
    """Put the hooks behind those that the config names, in their own order; None takes one away."""
    if not hooks:
        return
    named = dict(cfg.get("default_hooks") or {})
    for name, hook in hooks.items():
        own = named.pop(name, {})
        named[name] = None if own is None else merge_over({name: own} if own else {}, {name: hook})[name]
    cfg.default_hooks = named


def refuse_contradiction(explicit: Mapping[str, Any], made: Made, name: str, data: Mapping[str, Any]) -> None:
    """Refuse a loader that is written out whole beside ``data``, with other images or another size.

    Raises:
        ValueError: names both, and how to keep either.
    """
    if explicit.get("_delete_"):
        return
    key = name
    theirs, ours = explicit.get("dataset"), made["dataset"]
    while isinstance(theirs, Mapping) and not theirs.get("_delete_"):
        key = f"{key}.dataset"
        kind = theirs.get("type")
        if kind is not None and DATASETS.get(kind) is None:
            return  # misspelt: told with the closest when it is built
        if kind is not None and kind != ours["type"]:
            raise ValueError(_told(f"{key}.type={kind}", f"data, which makes a {ours['type']} there"))
        root = ours.get("data_root")
        if kind is not None and theirs.get("data_root", root) != root:
            raise ValueError(_told(f"{key}.data_root={theirs['data_root']}", f"data, whose images are {root}"))
        pipeline = theirs.get("pipeline")
        for transform in pipeline if isinstance(pipeline, list | tuple) else ():
            scale = transform.get("scale") if isinstance(transform, Mapping) else None
            if scale is not None and scale not in (data["size"], "data.size"):
                raise ValueError(
                    f"config has both data.size={data['size']} and scale={scale} in {key}.pipeline: set data.size, "
                    "and in the pipeline write scale='data.size'"
                )
        theirs, ours = theirs.get("dataset"), ours.get("dataset", ours)


def _told(one: str, other: str) -> str:
    return (
        f"config has both {one} and {other}: delete one of the two; data=None keeps loaders that are written out, "
        "and the sizes and statistics of the model are then to be written out, too"
    )
