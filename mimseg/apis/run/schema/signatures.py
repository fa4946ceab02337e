"""What a registered class of this package takes, read from its annotations."""

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal

from mmengine.registry import Registry
from pydantic import AllowInfNan, InstanceOf, Strict, TypeAdapter

from .... import registry
from .parameters import RANGES

REGISTRIES = tuple(value for value in vars(registry).values() if isinstance(value, Registry))
SCOPE = "mimseg."
PACKAGE = "mimseg"
# Keys that the builders take out before a class sees them.
BUILDERS_KEYS = frozenset({"type", "priority", "init_cfg", "constructor", "paramwise_cfg"})
PART = Mapping[str, Any]
PLAIN = {
    int: Annotated[int, Strict()],
    float: Annotated[float, Strict(), AllowInfNan(False)],
    bool: Annotated[bool, Strict()],
    str: Annotated[str, Strict()],
}


@cache
def classes() -> Mapping[str, Any]:
    """All registered classes of this package by name."""
    found: dict[str, Any] = {}
    for each in REGISTRIES:
        each.import_from_location()
        found |= {name: part for name, part in each.module_dict.items() if part.__module__.startswith(PACKAGE)}
    return found


@cache
def adapters(name: str) -> Mapping[str, TypeAdapter[Any]]:
    """What the value of every parameter of a class must be."""
    return {key: _adapter(key, hint) for key, hint in _hints(classes()[name]).items()}


def unknown_argument(name: str, given: Mapping[str, Any]) -> str | None:
    """What is wrong with the first key of a part that its class does not take, if there is one."""
    part = classes()[name]
    known = _parameters(part)
    if known is None:
        return None
    for key in given:
        if key not in known and key not in BUILDERS_KEYS and not key.startswith("_"):
            close = get_close_matches(key, sorted(known), 1)
            hint = f"did you mean {close[0]}?" if close else f"{name} takes {', '.join(sorted(known)) or 'nothing'}"
            return f"{key} is no argument of {name}; {hint}"
    return None


def _adapter(key: str, hint: Any) -> TypeAdapter[Any]:
    wanted = _strict(hint)
    if key in RANGES:
        wanted = RANGES[key] | None if type(None) in typing.get_args(hint) else RANGES[key]
    return TypeAdapter(wanted)


def _strict(hint: Any) -> Any:
    """An annotation with strict numbers and words, of what a config can hold: any dict, any list."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(_strict(argument) for argument in arguments)]  # noqa: UP007 (made at run time)
    if hint is dict or origin in (dict, Mapping):
        return Mapping[str, _strict(arguments[1]) if arguments else Any]  # type: ignore[misc]
    if origin is tuple:
        return tuple[tuple(argument if argument is Ellipsis else _strict(argument) for argument in arguments)]  # type: ignore[misc]
    if origin in (Sequence, list):
        return tuple[_strict(arguments[0]), ...]  # type: ignore[misc]
    if origin is Literal or hint in (type(None), Any):
        return hint
    if inspect.isclass(hint):  # what a builder makes of a dict, or a dict with keys of its own
        return PART if issubclass(hint, dict) else PART | InstanceOf[hint]  # type: ignore[misc]
    return Any


@cache
def _hints(part: Any) -> dict[str, Any]:
    function = part.__init__ if inspect.isclass(part) else part
    if not getattr(function, "__module__", "").startswith(PACKAGE):
        return {}
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return hints


@cache
def _parameters(part: Any) -> frozenset[str] | None:
    """The names of what a class takes; None where it takes any."""
    function = part.__init__ if inspect.isclass(part) else part
    if not getattr(function, "__module__", "").startswith(PACKAGE):
        return None
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters) - {"self"}
