"""``"data.size"`` and the like in a config: replaced by the value; and sizes that no part of a model can do."""

import copy
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

REFERENCE = re.compile(r"data\.(?P<key>size|mean|std|classes)(/(?P<share>[1-9]\d*))?")


def references_in(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Find what stands for an entry of ``data`` in nested settings: dotted keys and values."""
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        yield key, value
    for name, inner in _entries(value):
        if not str(name).startswith("_"):
            yield from references_in(inner, f"{key}.{name}" if key else str(name))


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def resolve_references(value: Any, data: Mapping[str, Any], key: str) -> Any:
    """The value with what stands for an entry of ``data`` replaced by it."""
    if isinstance(value, dict):
        return type(value)({name: resolve_references(inner, data, f"{key}.{name}") for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return type(value)(resolve_references(inner, data, f"{key}.{place}") for place, inner in enumerate(value))
    match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    entry = data.get(match["key"])
    if entry is None:
        raise ValueError(f"config key {key} is {value!r}, but data.{match['key']} is missing")
    if match["share"] is None:
        return copy.deepcopy(entry)
    if match["key"] != "size":
        raise ValueError(f"config key {key} is {value!r}: only a size has parts")
    share = int(match["share"])
    _check_multiple(entry, share, f"{key}={value!r}")
    return min(_sides(entry)) // share


def _sides(size: Any) -> tuple[int, ...]:
    return (size,) if isinstance(size, int) else tuple(size)


def check_size(model: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Refuse a size that is no whole number of patches, or of the units that a mask is drawn in."""
    encoder, unit = model.get("encoder") or {}, (model.get("masking") or {}).get("unit")
    kind = str(encoder.get("type", "")).rpartition(".")[2]
    if kind == "DenseSwin":
        arch = encoder.get("arch")
        stages = len(arch["depths"]) if isinstance(arch, Mapping) and "depths" in arch else 4
        patch, part = 4 * 2 ** (stages - 1), "the tokens of model.encoder, a DenseSwin"
    else:
        patch, part = encoder.get("patch_size"), "model.encoder.patch_size"
    if isinstance(patch, int) and patch > 0:
        _check_multiple(data["size"], patch, f"{part} ({patch} px)")
    if isinstance(unit, int) and unit > 0:
        step = math.lcm(unit, patch) if isinstance(patch, int) and patch > 0 else unit
        _check_multiple(data["size"], step, f"model.masking.unit={unit}")


def _check_multiple(size: Any, step: int, part: str) -> None:
    """Refuse a size of which a side is no multiple of ``step``.

    Raises:
        ValueError: names the size, the part of the model, and the sizes that work next to it.
    """
    odd = next((side for side in _sides(size) if side % step), None)
    if odd is None:
        return
    below = odd - odd % step
    near = f"{below} or {below + step}" if below else f"{step}"
    raise ValueError(f"data.size={size} does not fit {part}: sizes that work are multiples of {step}, e.g. {near}")
