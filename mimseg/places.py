"""Whether something can be written where a user asks for it: found before hours of work, not after."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path


def check_folder(path: str | Path, asked: str) -> None:
    """Refuse a folder that cannot be made, or in which nothing can be written; makes nothing.

    Args:
        path: the folder, there or not.
        asked: what names it, for the message, e.g. ``"--work-dir"``.

    Raises:
        ValueError: it, or what it would lie in, is a file, is closed or read-only, or is no possible name.
    """
    if not str(path).strip():
        raise ValueError(f"{asked} is empty: name a folder")
    _check_folder(Path(path).expanduser(), f"{asked} {path}")


def check_file(path: str | Path, asked: str) -> None:
    """Refuse a file that cannot be written; writes nothing. Arguments and errors are those of :func:`check_folder`."""
    if not str(path).strip():
        raise ValueError(f"{asked} is empty: name a file")
    path = Path(path).expanduser()
    what = f"{asked} {path}"
    mode = _mode(path, what)
    if mode is not None and stat.S_ISDIR(mode):
        raise ValueError(f"{what} is a folder: name a file in it")
    if mode is not None and not os.access(path, os.W_OK):
        raise ValueError(f"{what} cannot be written: it is read-only, or its rights forbid it; choose another")
    _check_folder(path.parent, what)


def check_output(path: str | Path, inputs: Iterable[str | Path], overwrite: bool = False) -> None:
    """Refuse to write a file over one that is read, or, unless ``overwrite``, over any that exists.

    Args:
        path: the file to write.
        inputs: files that are read, and folders of such.
        overwrite: whether another existing file may be replaced.

    Raises:
        ValueError: it must not be written.
    """
    path = Path(path).expanduser()
    if not os.path.lexists(path):
        return
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file in it")
    for source in map(Path, inputs):
        if any(_is_same(path, file) for file in _files_of(source.expanduser())):
            raise ValueError(f"{path} is read: writing it would destroy {source}; name another target")
    if not overwrite:
        raise ValueError(f"{path} exists; name another target, or replace it with --overwrite")


def _check_folder(path: Path, what: str) -> None:
    for folder in (path, *path.parents):
        mode = _mode(folder, what)
        if mode is None:
            continue
        if not stat.S_ISDIR(mode):
            raise ValueError(f"{what} cannot be made: {folder} is a file; choose another folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(
                f"{what} cannot be written: {folder} is read-only, or its rights forbid it; choose another"
            )
        return


def _mode(path: Path, what: str) -> int | None:
    """Of a file or folder; None where there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise ValueError(
                f"{what} cannot be made: {path} is a link to nothing; remove it, or choose another"
            ) from None
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{what} cannot be made: {reason.lower()}; choose another") from None


def _files_of(source: Path) -> list[Path]:
    return [source, *source.iterdir()] if source.is_dir() else [source]


def _is_same(path: Path, file: Path) -> bool:
    """Whether two names lead to one file, also by links of either kind."""
    return path.exists() and file.exists() and os.path.samefile(path, file)
