"""Files that make way for a run: they are moved aside first, and come back if it is refused, or killed."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ..checkpoints import write_atomically
from ..checkpoints.run_file import read_run_file
from ..checkpoints.run_files import METRICS_NAME
from ..checkpoints.run_lock import LOCK_FILE, PATIENCE, PAUSE, FileLock

MARKER = ".unsettled"
"""Lies in the sub-folder until the start that made it is accepted; holds the id of the run that replaces the files."""
OVERWRITTEN, ABANDONED = "overwritten_", "abandoned_"
OLD = "old_"
"""Before the name of a ``metrics.json`` that is aside, so that nobody takes this for one more run."""


class Aside:
    """A sub-folder of a work folder that takes files out of it.

    Args:
        work_dir: the work folder.
        name: of the sub-folder, made when it takes the first file.
        run_id: of the run that replaces the files; empty where they are of the same run.
    """

    def __init__(self, work_dir: Path, name: str, run_id: str = "") -> None:
        self.work_dir, self.folder, self.run_id = work_dir, work_dir / name, run_id
        self._parents: set[Path] = set()

    def take(self, paths: Iterable[Path]) -> None:
        """Move files and folders of the work folder here, with their sub-folders."""
        for path in paths:
            path.rename(self._place(path))
            self._parents.add(path.parent)

    def copy(self, path: Path) -> None:
        """Keep a file of the work folder here, which is to be written anew."""
        shutil.copy2(path, self._place(path))

    def settle(self) -> None:
        """The start is accepted: what is here never comes back by itself."""
        (self.folder / MARKER).unlink(missing_ok=True)

    def restore(self) -> None:
        """Move all back."""
        for path in list(_files_in(self.folder)):
            place = self.work_dir / path.relative_to(self.folder)
            place = place.with_name(place.name.removeprefix(OLD)) if place.name == OLD + METRICS_NAME else place
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
        self.delete()

    def delete(self) -> None:
        """Delete what is here, and the folders that are empty now."""
        _delete(self.folder)
        for parent in self._parents - {self.work_dir}:
            with suppress(OSError):
                parent.rmdir()

    def _place(self, path: Path) -> Path:
        if not (self.folder / MARKER).is_file():
            write_atomically(self.folder / MARKER, self.run_id.encode())
        inside = path.relative_to(self.work_dir)
        place = self.folder / inside.with_name(OLD + path.name if path.name == METRICS_NAME else path.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def bring_back(work_dir: str | Path) -> None:
    """Undo what a start did that was killed before it was accepted; waits for a start that is under way.

    To be called before a checkpoint of the folder is chosen; by any process of a run, or by all.
    """
    work_dir = Path(work_dir)
    lock, end = FileLock(work_dir / LOCK_FILE), time.monotonic() + PATIENCE
    while any(True for _ in _unsettled(work_dir)) and time.monotonic() < end:
        if lock.acquire() is not None:
            time.sleep(PAUSE)
            continue
        try:
            bring_back_locked(work_dir)
        finally:
            lock.release()


def bring_back_locked(work_dir: Path) -> None:
    """As :func:`bring_back`, by the process that has locked the folder."""
    for folder in list(_unsettled(work_dir)):
        marker, there = folder / MARKER, read_run_file(work_dir)
        replaced_by = marker.read_text() if marker.is_file() else None
        if replaced_by is None or (there is not None and there.id == replaced_by):
            _delete(folder)
        else:
            Aside(work_dir, folder.name).restore()


def _unsettled(work_dir: Path) -> Iterator[Path]:
    """Sub-folders of starts that were not accepted, or that were killed before the first file was aside."""
    for start in (OVERWRITTEN, ABANDONED):
        for folder in work_dir.glob(f"{start}[0-9]*"):
            if folder.is_dir() and ((folder / MARKER).is_file() or not any(_files_in(folder))):
                yield folder


def _files_in(folder: Path) -> Iterator[Path]:
    return (
        path
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink()) and not (path.parent == folder and MARKER in path.name)
    )


def _delete(folder: Path) -> None:
    """The marker last: a deletion that is killed is gone on with."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARKER:
            path.unlink(missing_ok=True)
    (folder / MARKER).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
