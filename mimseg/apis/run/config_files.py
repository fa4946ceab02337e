"""Reading a config file: whatever is wrong with it is told in one line, with file and line number."""

import ast
import copy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from ...checkpoints import guarded

SUFFIXES = (".py", ".json", ".yaml", ".yml")
CHECKPOINT_SUFFIXES = (".pth", ".pt", ".safetensors", ".bin", ".ckpt", ".tar")
MOST_BASES = 50  # of a chain


class ConfigFileError(ValueError):
    """A config file that cannot be read; the message is one line."""


def read_config_file(path: Path) -> Config:
    """Read a config file, the files that it inherits from, and the modules that it imports.

    ``custom_imports`` are looked for in the file's own folder, too, after everything else.

    Raises:
        FileNotFoundError: no such file; names the closest ones.
        ConfigFileError: it, or one that it inherits from, is of another kind, damaged, inherits from itself, or fails;
            names the line.
    """
    _check_is_file(path)
    _check_bases(path, ())
    try:
        with guarded():  # of a .yaml the values are taken, not what it would build
            cfg = Config.fromfile(path, import_custom_modules=False)
    except (Exception, SystemExit) as error:
        raise ConfigFileError(_told(path, error)) from error
    _import_modules(cfg, path)
    return cfg


@contextmanager
def each_file_once() -> Iterator[None]:
    """While this is on, MMEngine parses each file once, not again for every config that inherits it."""
    parse = Config._file2dict
    known = cache(parse)
    Config._file2dict = staticmethod(lambda *arguments, **named: copy.deepcopy(known(*arguments, **named)))
    try:
        yield
    finally:
        Config._file2dict = staticmethod(parse)


def bases_of(path: Path) -> list[Path]:
    """List the files that a config file names as its ``_base_``; none of other packages.

    Raises:
        ConfigFileError: the file is no text, or no Python.
    """
    return [path.parent / base for base in _bases(path, _text(path)) if "::" not in base]


def _check_is_file(path: Path) -> None:
    if not path.is_file():
        what = "is a folder, name a file in it" if path.is_dir() else f"does not exist{_similar_files(path)}"
        raise FileNotFoundError(f"config {path} {what}")
    if path.suffix not in SUFFIXES:
        swapped = "; it looks like a checkpoint: the config comes first" if path.suffix in CHECKPOINT_SUFFIXES else ""
        raise ConfigFileError(f"config {path} is no config file; they end in {', '.join(SUFFIXES)}{swapped}")


def _check_bases(path: Path, heirs: tuple[Path, ...]) -> None:
    """Follow ``_base_`` without running anything."""
    path = path.resolve()
    if path in heirs:
        raise ConfigFileError(f"config {heirs[0]}: its _base_ goes round in a circle, {_chain((*heirs, path))}")
    if len(heirs) >= MOST_BASES:
        raise ConfigFileError(f"config {heirs[0]}: more than {MOST_BASES} files inherit from one another")
    for base in _bases(path, _text(path)):
        if "::" in base:  # a file of another package, which MMEngine finds
            continue
        file = path.parent / base
        if not file.exists() and (path.parent / base.rpartition(":")[0]).is_file():
            raise ConfigFileError(
                f"config {path}: its _base_ {base} is a row of a table, and only files are inherited: inherit "
                f"{base.rpartition(':')[0]}, all of its rows with it, or what that inherits, and set what the row sets"
            )
        if not file.is_file():
            what = "is a folder" if file.is_dir() else f"does not exist{_similar_files(file)}"
            raise ConfigFileError(f"config {path}: its _base_ {base} {what}")
        if file.suffix not in SUFFIXES:
            raise ConfigFileError(
                f"config {path}: its _base_ {base} is no config file; they end in {', '.join(SUFFIXES)}"
            )
        _check_bases(file, (*heirs, path))


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigFileError(
            f"config {path} is no text in UTF-8 (byte {error.start}): is it a checkpoint, or in another encoding?"
        ) from None
    if not text.strip():
        raise ConfigFileError(f"config {path} is empty")
    if "\0" in text:
        raise ConfigFileError(f"config {path} holds zero bytes: it is no config file")
    return text


def _bases(path: Path, text: str) -> list[str]:
    if path.suffix != ".py":
        return []
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigFileError(f"config {path}, line {error.lineno}: {error.msg}: {_shown(error.text)}") from None
    except (RecursionError, MemoryError):
        raise ConfigFileError(f"config {path} is nested too deeply") from None
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "_base_" for t in node.targets):
            try:
                value: Any = ast.literal_eval(node.value)
            except ValueError:
                return []  # an expression: MMEngine evaluates it
            bases = [value] if isinstance(value, str) else value
            if not isinstance(bases, list | tuple) or not all(isinstance(base, str) for base in bases):
                raise ConfigFileError(
                    f"config {path}, line {node.lineno}: _base_ must be a file or a list of files, got {value!r}"
                )
            return list(bases)
    return []


def _told(path: Path, error: BaseException) -> str:
    """The line of a config file in which an error arose, and the error."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name == "<module>"]
    own = [frame for frame in frames if Path(frame.filename).suffix == ".py" and Path(frame.filename).is_file()]
    where = f"{own[-1].filename}, line {own[-1].lineno}" if own and error.__traceback__ else str(path)
    message = " ".join(str(error).split()) or "no message"
    if isinstance(error, RecursionError):
        message = "it calls or nests itself without end"
    kind = type(error).__name__
    return f"config {where}: {message if isinstance(error, ConfigFileError) else f'{kind}: {message[:300]}'}"


def _import_modules(cfg: Config, path: Path) -> None:
    modules = cfg.get("custom_imports")
    if not modules:
        return
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # stays: workers and checkpoints look for the modules again
    try:
        import_modules_from_strings(**modules)
    except (Exception, SystemExit) as error:
        cause = error.__cause__ or error.__context__ or error
        raise ConfigFileError(
            f"config {path}: custom_imports={modules!r} cannot be imported ({type(cause).__name__}: "
            f"{' '.join(str(cause).split())}): put the module beside the config, or its folder on PYTHONPATH"
        ) from error


def _chain(files: tuple[Path, ...]) -> str:
    return " -> ".join(file.name for file in files)


def _shown(text: str | None) -> str:
    return repr((text or "").strip()[:80])


def _similar_files(path: Path) -> str:
    candidates = {str(file) for file in (*path.parent.glob("*.py"), *Path("configs").rglob("*.py"))}
    close = get_close_matches(str(path), sorted(candidates), 3, 0.6)
    return f"; did you mean {' or '.join(close)}?" if close else "; the project's configs are under configs/"
