"""Overrides of config entries as they are typed on a command line: ``key=value``."""

import ast
from collections.abc import Sequence
from typing import Any

from mmengine.config import Config

BRACKETS = {"[": "]", "(": ")"}
PAIRS = {**BRACKETS, "{": "}"}  # within which commas separate nothing
CLOSING = frozenset(PAIRS.values())
QUOTES = ("'", '"')


def parse_options(options: Sequence[str]) -> dict[str, Any]:
    """The values of ``key=value`` overrides by their dotted keys, see :func:`parse_value`.

    Raises:
        ValueError: an override is not ``key=value``, or sets a helper variable of the file (``_name``).
    """
    parsed = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not all(part.strip() for part in key.split(".")):
            raise ValueError(f"--cfg-options {option}: write key=value")
        if key.startswith("_"):
            raise ValueError(f"--cfg-options {option}: names with _ are helpers that act only inside the config file")
        try:
            parsed[key] = parse_value(value)
        except ValueError as error:
            raise ValueError(f"--cfg-options {option}: {error}") from None
    return parsed


def parse_value(text: str) -> Any:
    """The value that a text stands for: a number, True or False, None, a list, a tuple, a dict; else the text as typed.

    ``[a, b]`` is a list, ``(a, b)`` a tuple, ``a,b`` a list; each may be nested. ``{"a": 1}`` is a dict as Python
    writes it. What stands between quotes is text whatever it holds, commas, too.

    Raises:
        ValueError: the brackets of a list do not match.
    """
    bare = text.strip()
    if _is_quoted(bare):
        return bare[1:-1]
    closing = BRACKETS.get(bare[:1])
    try:
        elements = _split(bare)
    except ValueError:
        if closing is not None and bare.endswith(closing):
            raise
        return text  # a path, say, with a bracket in it
    if len(elements) > 1:
        return [parse_value(element.strip()) for element in elements]
    if closing is not None and bare.endswith(closing):
        inner = [parse_value(element.strip()) for element in _split(bare[1:-1])]
        return tuple(inner) if closing == ")" else inner
    if bare.startswith("{") and bare.endswith("}"):
        return _dict(bare, text)
    return _scalar(bare, text)


def merge_option(cfg: Config, key: str, value: Any, source: str = "--cfg-options") -> None:
    """Set an entry of a config, in place; a dict is merged into the one that is there, and replaces anything else.

    ``source`` begins the message of an error.

    Raises:
        ValueError: the key goes through something that has no parts, or beyond the end of a list.
    """
    if isinstance(value, dict) and isinstance(_entry_at(cfg, key), str | int | float):
        value = {**value, "_delete_": True}
    try:
        cfg.merge_from_dict({key: value})
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        raise ValueError(f"{source} {key}={value}: {_obstacle(cfg, key)}") from None


def _entry_at(cfg: Config, key: str) -> Any:
    part: Any = cfg._cfg_dict
    for name in key.split("."):
        part = part.get(name) if isinstance(part, dict) else None
    return part


def _obstacle(cfg: Config, key: str) -> str:
    part: Any = cfg._cfg_dict
    passed: list[str] = []
    for name in key.split("."):
        where = ".".join(passed)
        if isinstance(part, list | tuple):
            if isinstance(part, tuple) or not name.isdigit() or int(name) >= len(part):
                return f"{where} is a {type(part).__name__} of {len(part)}: it has no entry {name} that could be set"
            part = part[int(name)]
        elif isinstance(part, dict):
            if name not in part:
                break
            part = part[name]
        else:
            return f"{where} is {part!r}, which has no parts; set it as a whole"
        passed.append(name)
    return f"it does not fit what {'.'.join(passed) or 'the config'} holds"


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] in QUOTES and text.find(text[0], 1) == len(text) - 1


def _split(text: str) -> list[str]:
    """At the commas that are outside brackets and quotes; a last one ends the list."""
    elements, start, open_brackets, quote = [], 0, "", ""
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in QUOTES and not text[start:position].strip():
            quote = char
        elif char in PAIRS:
            open_brackets += PAIRS[char]
        elif char in CLOSING:
            if not open_brackets.endswith(char):
                raise ValueError(f"the brackets of {text} do not match")
            open_brackets = open_brackets[:-1]
        elif char == "," and not open_brackets:
            elements.append(text[start:position])
            start = position + 1
    if open_brackets:
        raise ValueError(f"the brackets of {text} do not match")
    return [*elements, text[start:]] if text[start:].strip() else elements


def _dict(bare: str, text: str) -> Any:
    try:
        value = ast.literal_eval(bare)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _scalar(bare: str, text: str) -> Any:
    if bare == "None":
        return None
    if bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    for number in (int, float):
        try:
            return text if "_" in bare else number(bare)
        except ValueError:
            continue
    return text
