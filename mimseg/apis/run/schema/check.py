"""Walking through a config and telling the first value that is out of range."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .parameters import CLOSED, FOREIGN
from .sections import ConfigSchema, Data, Loader
from .signatures import SCOPE, adapters, classes, unknown_argument

WORDS = (
    ("Input should be ", ""),
    ("a valid regular expression", "a regular expression"),
    ("a valid integer, got a number with a fractional part", "a whole number"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
    ("a valid boolean", "True or False"),
    ("a valid string", "text"),
    ("a valid list", "a list"),
    ("a valid tuple", "a list"),
    ("a valid mapping", "a dict"),
    ("a valid dictionary or object to extract fields from", "a dict"),
    ("a valid dictionary or instance of", "a dict for"),
    ("a valid dictionary", "a dict"),
    ("a finite number", "a finite number"),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
    ("greater than", "above"),
    ("less than", "below"),
    ("an instance of Sequence", "a list"),
    ("String should have at least 1 character", "not empty"),
    (r"String should match pattern '\S'", "not blank"),
)


def check_values(cfg: Mapping[str, Any]) -> None:
    """Check the values of a config's sections, and of what classes of this package take.

    Raises:
        ValueError: names the dotted key, the value as given, and what is allowed.
    """
    plain = getattr(cfg, "_cfg_dict", cfg)
    _check(TypeAdapter(ConfigSchema), {key: value for key, value in plain.items() if not key.startswith("_")}, "")
    outer = SCOPE if plain.get("default_scope") in (None, "mimseg") else ""
    for key, value in plain.items():
        if not key.startswith("_"):
            _check_parts(value, key, outer)


def check_data(data: Any) -> None:
    """Check the values of a config's ``data``.

    Raises:
        ValueError: names the dotted key, the value as given, and what is allowed.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"config key data must be a dict, got {_shown(data)}")
    _check(TypeAdapter(Data), data, "data")


def _check_parts(value: Any, key: str, scope: str) -> None:
    """Check a part and the parts in it; ``scope`` is that of types without one."""
    if isinstance(value, Mapping):
        scope = _check_part(value, key, scope)
    for name, inner in _entries(value):
        _check_parts(inner, f"{key}.{name}", scope)


def _check_part(part: Mapping[str, Any], key: str, scope: str) -> str:
    if "dataset" in part and "batch_size" in part:
        _check(TypeAdapter(Loader), part, key)
    kind = part.get("type")
    if not isinstance(kind, str):
        if "type" in part and kind is None:
            raise ValueError(f"config key {key}.type must be the name of a class, got None")
        return scope
    own, _, short = kind.rpartition(".")
    scope = f"{own}." if own else scope
    if short in FOREIGN:
        _check(TypeAdapter(FOREIGN[short]), part, key)
    if scope == SCOPE and short in classes():
        complaint = unknown_argument(short, part)
        if complaint:
            raise ValueError(f"config key {key}.{complaint}")
        for name, adapter in adapters(short).items():
            if name in part:
                _check(adapter, part[name], f"{key}.{name}")
    return scope


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from ((name, inner) for name, inner in value.items() if isinstance(inner, Mapping | list | tuple))
    elif isinstance(value, list | tuple):
        yield from ((place, inner) for place, inner in enumerate(value) if isinstance(inner, Mapping | list | tuple))


def _check(adapter: TypeAdapter[Any], value: Any, key: str) -> None:
    try:
        adapter.validate_python(_plain(value))
    except ValidationError as error:
        raise ValueError(_told(error, value, key)) from None


def _plain(value: Any) -> Any:
    """ConfigDicts as dicts."""
    return dict(value) if isinstance(value, Mapping) else value


def _told(error: ValidationError, value: Any, key: str) -> str:
    """One line of a validation's first key: what is wrong with it."""
    told = [(*_place(detail["loc"], value), detail["msg"]) for detail in error.errors(include_url=False)]
    if error.errors()[0]["type"] == "extra_forbidden":
        return _unknown(error, key)
    first = told[0][0]
    allowed = list(dict.fromkeys(_in_words(message) for place, _, message in told if place == first))
    dotted = ".".join([*([key] if key else []), *map(str, first)])
    given = told[0][1]
    hint = ""
    if isinstance(given, list) and "text" in " ".join(allowed):
        hint = "; quotes within the argument keep its commas: key='\"a,b\"'"
    return f"config key {dotted} must be {' or '.join(allowed)}, got {_shown(given)}{hint}"


def _unknown(error: ValidationError, key: str) -> str:
    """The line of the first key that a closed section does not have."""
    *way, name = error.errors()[0]["loc"]
    known = sorted(CLOSED[error.title])
    close = get_close_matches(str(name), known, 1)
    hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}"
    return f"config key {'.'.join([key, *map(str, way), str(name)])} is no argument of {error.title}; {hint}"


def _place(loc: tuple[Any, ...], value: Any) -> tuple[tuple[Any, ...], Any]:
    """The entries on the way to a value, without what pydantic adds for unions, and the value."""
    way: list[Any] = []
    for step in loc:
        if (isinstance(value, Mapping) and step in value) or (
            isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
        ):
            value = value[step]
        else:
            continue
        way.append(step)
    return tuple(way), value


def _in_words(message: str) -> str:
    for theirs, ours in WORDS:
        message = message.replace(theirs, ours)
    return message


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
