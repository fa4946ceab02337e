"""Files that are written whole or not at all."""

import errno
import fcntl
import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from mmengine.fileio import LocalBackend, register_backend

TEMPORARY_NAME = re.compile(r"\..+\.[0-9a-f]{16}\.tmp", re.DOTALL)


class AtomicWriteError(OSError):
    """A file could not be written; what stood under its name before still stands."""


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader finds the old file or the new one, never a part.

    The bytes go to a temporary file beside ``path``, reach the disk, and only then take the name. Every write has a
    temporary name of its own, so that two writers never meet in one; what a killed process left is found by
    :func:`sweep_temporaries`.

    Raises:
        AtomicWriteError: disk full, no permission and the like; the temporary file is removed.
    """
    path = Path(path)
    _refuse_special(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            _lock(file)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise AtomicWriteError(_failure(path, len(data), error)) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep_temporaries(*folders: str | Path) -> list[Path]:
    """Remove what killed processes left of :func:`write_atomically` directly in ``folders``; returns what was removed.

    Only regular files with a name that it makes, and none that a process on this machine is writing.
    """
    swept = []
    for folder in map(Path, folders):
        for path in folder.iterdir() if folder.is_dir() else ():
            named = TEMPORARY_NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
            if named and not _is_locked(path):
                path.unlink(missing_ok=True)
                swept.append(path)
    return swept


class AtomicBackend(LocalBackend):
    """MMEngine's local file backend with atomic ``put`` and ``put_text``; the rest is LocalBackend's.

    Use: ``CheckpointHook(backend_args=dict(backend="AtomicBackend"))``.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes atomically; see :func:`write_atomically`."""
        write_atomically(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = "utf-8") -> None:
        """Write text atomically; see :func:`write_atomically`."""
        write_atomically(filepath, obj.encode(encoding))


def _refuse_special(path: Path) -> None:
    """Refuse to put a file in the place of a device, a pipe or a socket."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise AtomicWriteError(f"{path} is no regular file but a device, a pipe or a socket: name another target")


def _lock(file: IO[bytes]) -> None:
    """Mark a file as being written, for as long as this process lives; some file systems know no locks."""
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_locked(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk; some network file systems know no such thing (EINVAL)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _failure(path: Path, size: int, error: OSError) -> str:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    fix = "free some space" if full else "check the folder and its permissions"
    return (
        f"cannot write {path} ({size / 2**20:.1f} MiB): {error.strerror or error}; "
        f"earlier files are untouched; {fix}, then start again (a training: with --resume)"
    )


register_backend("AtomicBackend", AtomicBackend, force=True)
