"""Which part of a config could not be built: told from the frames of an exception, for all tools."""

import inspect
import re
import traceback
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry, build_from_cfg
from mmengine.runner import Runner

from ... import registry
from .expand.data import WATCHES

UNREGISTERED = re.compile(r"'?(?P<name>[^'\s]+) is not in the (?P<registry>.+? registry)")
UNEXPECTED = re.compile(r"got an unexpected keyword argument '(?P<key>\w+)'")
LACKING = re.compile(r"'ConfigDict' object has no attribute '(?P<key>\w+)'")
MISSING = re.compile(r"missing \d+ required (?:positional |keyword-only )?arguments?: (?P<keys>.+)")
SHOWN_ARGUMENTS = 6
WATCHING = tuple(f"default_hooks.{name}." for name in WATCHES)
WATCH_HOOKS = "or leave out the hooks that watch the run, with --cfg-options data.watch=[]"


def explain_building(error: BaseException) -> str | None:
    """The line for an error that arose while a part of a config was being built; None where it arose elsewhere.

    It names the dotted key of the part where the config is at hand, its class and arguments, and what was wrong.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    message = " ".join(str(error).split())
    config = _config_of(frames)
    part, built, known = _part_of(frames, None if isinstance(error, KeyError) else config)
    lacking = LACKING.search(message) if isinstance(error, AttributeError) and config is not None else None
    if lacking is not None:
        return (
            f"config: a part has no {lacking['key']}, which is needed here ({frames[-2].f_code.co_name}): complete it"
        )
    if part is None and isinstance(error, ImportError):
        part = _part_at_work(frames, config)
    return None if part is None else _line(error, config, part, built, known)


def _line(
    error: BaseException, config: Mapping[str, Any] | None, part: Any, built: list[Any], known: Registry | None
) -> str:
    """What was wrong with a part: its type, an argument that it does not take or needs, or a value."""
    message = " ".join(str(error).split())
    unregistered = UNREGISTERED.search(message) if isinstance(error, KeyError) else None
    if unregistered is not None:
        name = unregistered["name"]
        where = f"config{_key(config, part, '.type')}"
        return f"{where}: {name} is not in the {unregistered['registry']}{_similar(name, known)}"
    if not isinstance(part, Mapping):
        return (
            f"config: {message}: a part of the model must be a dict, got {part!r}; --cfg-options takes one as "
            "KEY=\"{'type': 'NAME'}\""
        )
    what = f"config{_key(config, part)}: {part.get('type', 'a part')}"
    if isinstance(error, ImportError):
        return f"{what} needs a package that is not installed: {message}"
    unexpected = UNEXPECTED.search(message)
    if unexpected is not None and built:
        return f"{what} takes no {unexpected['key']}{_closest(unexpected['key'], built)}"
    missing = MISSING.search(message)
    if missing is not None:
        return f"{what} needs {missing['keys']}, which the config does not give"
    return f"{what} cannot be built from {_arguments(part)}: {type(error).__name__}: {message or 'no message'}"


def explain_missing_file(error: OSError) -> str | None:
    """The line for a file or folder that a config names and that is not there; None where no config names it."""
    config = _config_of([frame for frame, _ in traceback.walk_tb(error.__traceback__)])
    if config is None or not isinstance(error.filename, str):
        return None
    missing = Path(error.filename)
    for key, value in _leaves(config, ""):
        if value and (Path(value) == missing or (key.endswith("data_root") and Path(value) in missing.parents)):
            there = "is no folder" if missing.exists() else "does not exist"
            watching = f", {WATCH_HOOKS}" if key.startswith(WATCHING) else ""
            fix = f"give its place with --cfg-options {key}=PATH{watching}"
            return f"config key {key}: {error.filename} {there} ({error.strerror}); {fix}"
    return None


def _part_of(frames: list[FrameType], config: Mapping[str, Any] | None) -> tuple[Any, list[Any], Registry | None]:
    """The innermost part that was being built, its class if that was found, and the registry; else nothing.

    With a config, the innermost that stands in it, with the classes of those that it was building itself, too.
    """
    innermost: tuple[Any, list[Any], Registry | None] = (None, [], None)
    classes: list[Any] = []
    for frame in reversed(frames):
        if frame.f_code is build_from_cfg.__code__:
            part, registry = frame.f_locals.get("cfg"), frame.f_locals.get("registry")
            classes = [*filter(None, [frame.f_locals.get("obj_cls")]), *classes]
        elif frame.f_code is Runner.build_dataloader.__code__:
            part, registry = frame.f_locals.get("dataloader"), None
        else:
            continue
        if innermost[0] is None:
            innermost = (part, classes, registry)
        if config is None or not isinstance(part, Mapping) or _key(config, part):
            return part, classes, registry
    return innermost


def _part_at_work(frames: list[FrameType], config: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The part of a config of whose class an object was at work, the innermost one."""
    for frame in reversed(frames):
        kind = type(frame.f_locals.get("self")).__name__
        for _, part in _parts(config or {}, ""):
            if str(part.get("type", "")).rpartition(".")[2] == kind:
                return part
    return None


def _config_of(frames: list[FrameType]) -> Mapping[str, Any] | None:
    """The config that was at hand when an exception arose: the innermost one."""
    for frame in reversed(frames):
        for value in (frame.f_locals.get("cfg"), frame.f_locals.get("config")):
            if isinstance(value, Config):
                return _as_dict(value)
        runner = frame.f_locals.get("self")
        if isinstance(runner, Runner) and isinstance(runner.__dict__.get("cfg"), Config):
            return _as_dict(runner.cfg)
    return None


def _as_dict(config: Config) -> dict[str, Any]:
    return {key: value for key, value in config._cfg_dict.items() if not key.startswith("_")}


def _key(config: Mapping[str, Any] | None, part: Any, ending: str = "") -> str:
    """`` key <dotted>`` of a part, or nothing: of all parts of its type, that with most entries in common."""
    if config is None or not isinstance(part, Mapping):
        return ""
    alike = [(_shared(each, part), key) for key, each in _parts(config, "") if each.get("type") == part.get("type")]
    if not alike:
        return ""
    best = max(score for score, _ in alike)
    return f" key {next(key for score, key in alike if score == best)}{ending}"


def _shared(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How many entries are equal, less those that only one has or that differ."""
    equal: int = sum(key in other and other[key] == value for key, value in one.items())
    return 2 * equal - len({*one, *other})


def _parts(value: Any, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping) and key:
        yield key, value
    for name, inner in _entries(value):
        yield from _parts(inner, f"{key}.{name}" if key else str(name))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    for name, inner in _entries(value):
        yield from _leaves(inner, f"{key}.{name}" if key else str(name))


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _arguments(part: Mapping[str, Any]) -> str:
    """The arguments of a part as a config writes them; of parts in it, only their types."""
    plain = {key: value for key, value in part.items() if key != "type"}
    shown = [f"{key}={_shown(value)}" for key, value in plain.items()]
    return ", ".join(shown[:SHOWN_ARGUMENTS]) + (", ..." if len(shown) > SHOWN_ARGUMENTS else "") or "no arguments"


def _shown(value: Any) -> str:
    text = f"dict(type={value.get('type')!r})" if isinstance(value, Mapping) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _similar(name: str, asked: Registry | None) -> str:
    short = name.rpartition(".")[2]
    known = {key for each in _family(asked) for key in each.module_dict}
    if short in known or any(short in each.module_dict for each in _family(None)):
        return "; its name needs its scope before it, as in mimseg.NAME, or default_scope is not the one that is meant"
    close = get_close_matches(short, sorted(known), 1)
    return f"; did you mean {close[0]}?" if close else "; check the spelling of the type"


def _family(asked: Registry | None) -> Iterator[Registry]:
    """A registry and its parents; without one, those of this package."""
    if asked is None:
        yield from (each for each in vars(registry).values() if isinstance(each, Registry))
    while asked is not None:
        yield asked
        asked = asked.parent


def _closest(key: str, built: list[Any]) -> str:
    names = list(dict.fromkeys(name for each in built for name in _arguments_of(each)))
    close = get_close_matches(key, names, 1)
    return f"; did you mean {close[0]}?" if close else f"; it takes {', '.join(names) or 'nothing'}"


def _arguments_of(built: Any) -> Iterator[str]:
    """The names of what a class takes, with those that it hands on to its bases."""
    for each in inspect.getmro(built) if inspect.isclass(built) else (built,):
        function = vars(each).get("__init__") if inspect.isclass(built) else each
        try:
            parameters = inspect.signature(function).parameters.values() if function is not None else None
        except (TypeError, ValueError):
            return
        if parameters is None:
            continue
        named = [part.name for part in parameters if part.kind not in (part.VAR_POSITIONAL, part.VAR_KEYWORD)]
        yield from (name for name in named if name != "self")
        if all(part.kind is not part.VAR_KEYWORD for part in parameters):
            return
