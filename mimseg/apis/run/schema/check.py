"""Walking through a config and telling the first value that is out of range."""

import inspect
import typing
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from keyword import iskeyword
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .free_keys import keys_of_dataset, keys_of_model
from .optimizers import optimizer_adapters
from .parameters import FOREIGN
from .sections import ConfigSchema, Data, Loader
from .signatures import SCOPE, adapters, classes, unknown_argument
from .values import ClosedSection, Section

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
    plain = {key: value for key, value in plain.items() if not key.startswith("_")}
    _check_section(ConfigSchema, plain, "")
    _refuse_keywords(plain, "")
    _check_optimizer(plain)
    for key, value, known in keys_of_model(plain):
        _refuse_unknown(value, known, key)
    outer = SCOPE if plain.get("default_scope") in (None, "mimseg") else ""
    for key, value in plain.items():
        _check_parts(value, key, outer)


def check_data(data: Any) -> None:
    """Check the values of a config's ``data``.

    Raises:
        ValueError: names the dotted key, the value as given, and what is allowed.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"config key data must be a dict, got {_shown(data)}")
    _check_section(Data, data, "data")


def _check_parts(value: Any, key: str, scope: str) -> None:
    """Check a part and the parts in it; ``scope`` is that of types without one."""
    if isinstance(value, Mapping):
        scope = _check_part(value, key, scope)
    for name, inner in _entries(value):
        _check_parts(inner, f"{key}.{name}", scope)


def _check_part(part: Mapping[str, Any], key: str, scope: str) -> str:
    if "dataset" in part and "batch_size" in part:
        _check_section(Loader, part, key)
    kind = part.get("type")
    if not isinstance(kind, str):
        if "type" in part and kind is None:
            raise ValueError(f"config key {key}.type must be the name of a class, got None")
        return scope
    own, _, short = kind.rpartition(".")
    scope = f"{own}." if own else scope
    if short in FOREIGN:
        _check_section(FOREIGN[short], part, key)
    for name, inner, known in keys_of_dataset(short, part):
        _refuse_unknown(inner, known, f"{key}.{name}")
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


def _check_section(section: type[Section], value: Any, key: str) -> None:
    _check_closed(section, value, key)
    _check(TypeAdapter(section), value, key)


def _check_closed(section: type[Section], value: Any, key: str) -> None:
    """Refuse the keys of a section, and of those in it, that nothing reads."""
    if not isinstance(value, Mapping):
        return
    fields = section.model_fields
    own = "type" in fields and str(value.get("type", "")).rpartition(".")[2] not in ("", fields["type"].default)
    if issubclass(section, ClosedSection) and not own:
        _refuse_unknown(value, fields, key, section.model_config.get("title"))
    for name, field in fields.items():
        for kind in (field.annotation, *typing.get_args(field.annotation)):
            if name in value and inspect.isclass(kind) and issubclass(kind, Section):
                _check_closed(kind, value[name], f"{key}.{name}" if key else name)


def _refuse_unknown(value: Mapping[str, Any], known: Iterable[str], key: str, reader: str | None = None) -> None:
    names = sorted(known)
    for name in map(str, value):
        if name in names or name.startswith("_"):
            continue
        close = get_close_matches(name, names, 1)
        what = f"is no argument of {reader}" if reader else "is read by nothing"
        prefix = "" if reader else f"{key}."
        hint = f"did you mean {prefix}{close[0]}?" if close else f"known are {', '.join(names)}"
        raise ValueError(f"config key {key}.{name} {what}; {hint}")


def _refuse_keywords(value: Any, key: str) -> None:
    """Refuse words of Python as keys: MMEngine writes a dict as ``dict(key=...)``, which they break."""
    if isinstance(value, Mapping) and all(str(name).isidentifier() for name in value):
        for name in filter(iskeyword, map(str, value)):
            raise ValueError(
                f"config key {key}.{name}: {name} is a word of Python, so it can be no key of a config; rename it"
            )
    for name, inner in _entries(value):
        _refuse_keywords(inner, f"{key}.{name}" if key else str(name))


def _check_optimizer(cfg: Mapping[str, Any]) -> None:
    wrapper = cfg.get("optim_wrapper")
    optimizer = wrapper.get("optimizer") if isinstance(wrapper, Mapping) else None
    if isinstance(optimizer, Mapping):
        for name, adapter in optimizer_adapters(str(optimizer.get("type", "AdamW"))).items():
            if name in optimizer:
                _check(adapter, optimizer[name], f"optim_wrapper.optimizer.{name}")


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
    first = told[0][0]
    allowed = list(dict.fromkeys(_in_words(message) for place, _, message in told if place == first))
    dotted = ".".join([*([key] if key else []), *map(str, first)])
    given = told[0][1]
    hint = ""
    if isinstance(given, list) and "text" in " ".join(allowed):
        hint = "; quotes within the argument keep its commas: key='\"a,b\"'"
    return f"config key {dotted} must be {' or '.join(allowed)}, got {_shown(given)}{hint}"


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
