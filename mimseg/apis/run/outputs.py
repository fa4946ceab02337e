"""Files that a tool writes never take the place of what it reads, nor, unasked, of anything else."""

import os
from collections.abc import Iterable
from pathlib import Path


def check_output(target: str | Path, inputs: Iterable[str | Path], overwrite: bool = False) -> None:
    """Refuse to write a file over one that is read, or, unless ``overwrite``, over any that exists.

    Args:
        target: the file to write.
        inputs: files that are read, and folders of such.
        overwrite: whether another existing file may be replaced.

    Raises:
        ValueError: it must not be written.
    """
    target = Path(target).expanduser()
    if not os.path.lexists(target):
        return
    if target.is_dir():
        raise ValueError(f"{target} is a folder; name a file in it")
    for source in map(Path, inputs):
        if any(_is_same(target, file) for file in _files_of(source.expanduser())):
            raise ValueError(f"{target} is read: writing it would destroy {source}; name another target")
    if not overwrite:
        raise ValueError(f"{target} exists; name another target, or replace it with --overwrite")


def _files_of(source: Path) -> list[Path]:
    return [source, *source.iterdir()] if source.is_dir() else [source]


def _is_same(target: Path, file: Path) -> bool:
    """Whether two names lead to one file, also by links of either kind."""
    return target.exists() and file.exists() and os.path.samefile(target, file)
