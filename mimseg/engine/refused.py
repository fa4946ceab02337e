"""Logs of starts that were refused: removed, unless they hold a traceback."""

import atexit
import shutil
from contextlib import suppress
from pathlib import Path

from ..checkpoints.run_lock import LOCK_FILE, FileLock

_left: list[tuple[Path | None, Path | None]] = []


def leave_no_log(log_dir: Path | None, work_dir: Path | None) -> None:
    """Note that a start came to nothing: what it made goes when the process ends, or starts something else.

    Not at once, because what went wrong may be written into the log yet.

    Args:
        log_dir: ``WORK_DIR/<timestamp>``, if the start has made it.
        work_dir: the work folder, if the start has made it; goes where it is empty.
    """
    _left.append((log_dir, work_dir))


def remove_refused_logs() -> None:
    """Remove them now; those of a folder that another process is writing stay."""
    while _left:
        log_dir, work_dir = _left.pop()
        with suppress(OSError):
            if log_dir is not None and not _is_needed(log_dir):
                shutil.rmtree(log_dir, ignore_errors=True)
            if work_dir is not None:
                work_dir.rmdir()


def _is_needed(log_dir: Path) -> bool:
    """Whether a run goes on beside it, or it holds a traceback."""
    if FileLock(log_dir.parent / LOCK_FILE).is_busy():
        return True
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in log_dir.glob("*.log"))
    return any("Traceback (most recent call last)" in text for text in texts)


atexit.register(remove_refused_logs)
