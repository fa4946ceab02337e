"""Refusing a word that is none of a few."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, get_args


def one_of(name: str, value: Any, choices: Any) -> Any:
    """Give back ``value``, which must be one of the choices.

    Args:
        name: of the argument, as the user wrote it, such as ``encoder.init``.
        value: what was given.
        choices: a ``Literal``, or the values themselves.

    Raises:
        ValueError: says what was given, what it may be, and which of these comes close.
    """
    values: tuple[Any, ...] = tuple(choices) if isinstance(choices, Collection) else get_args(choices)
    if value in values:
        return value
    *others, last = (repr(choice) for choice in values)
    allowed = f"{', '.join(others)} or {last}" if others else last
    words = [choice for choice in values if isinstance(choice, str)]
    close = get_close_matches(value, words, 1) if isinstance(value, str) else []
    raise ValueError(f"{name} must be {allowed}, got {value!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
