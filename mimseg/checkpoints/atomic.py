"""Files that are written whole or not at all."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


class AtomicWriteError(OSError):
    """A file could not be written; what stood under its name before still stands."""


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader finds the old file or the new one, never a part.

    The bytes go to a temporary file beside ``path``, reach the disk, and only then take the name. The
    temporary name is always ``.<name>.tmp``, so that what a killed process left is overwritten by the next
    one. One writer per file.

    Raises:
        AtomicWriteError: disk full, no permission and the like; the temporary file is removed.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
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
