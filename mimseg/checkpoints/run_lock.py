"""One writer per folder: a lock that the kernel frees when its process ends, however it ends."""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .atomic import AtomicWriteError

LOCK_FILE = ".mimseg.lock"
BUSY = (errno.EACCES, errno.EAGAIN)
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)
PATIENCE = 60.0
PAUSE = 0.05
TRIES = 100

_held: dict[str, "FileLock"] = {}


class FileLock:
    """A file that at most one process holds.

    It is a POSIX record lock (``fcntl.lockf``), not ``flock``, because it belongs to the process alone: workers that it
    forks do not inherit it, so that one which outlives a killed run does not keep it. Its price is that it is lost
    when the process closes *any* descriptor of the file; so nothing else opens it, and within a process the locks
    held are known. It holds across machines where the network file system's locks do.

    Attributes:
        path: the file; removed when the lock is given back, left (and free) when its process was killed.
        in_use: whether its holder goes on with it; if not, another lock of the same process takes it over.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.in_use = False
        self._key = os.path.realpath(self.path)
        self._descriptor: int | None = None
        self._process = 0

    @property
    def is_held(self) -> bool:
        """Whether this process holds it, by this object."""
        return self._descriptor is not None and self._process == os.getpid()

    @property
    def is_lost(self) -> bool:
        """Whether the file of a lock that is held is gone, with its folder perhaps, so that it keeps nobody out."""
        return self.is_held and self._descriptor is not None and not _is_at(self.path, self._descriptor)

    def acquire(self) -> str | None:
        """Take the lock; gives None, or who holds it.

        Raises:
            AtomicWriteError: the file cannot be made.
        """
        other = _held.get(self._key)
        if other is self or (other is not None and other.is_held):
            return self._take_over(other)
        for _ in range(TRIES):
            holder, settled = self._try()
            if settled:
                return holder
        return "processes that start and end all the time"

    def is_busy(self) -> bool:
        """Whether somebody goes on with it; takes nothing and makes nothing."""
        other = _held.get(self._key)
        if other is not None and other.is_held:
            return other.in_use
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in BUSY
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        """Give it back; does nothing where it is not held, and in forked processes."""
        self.in_use = False
        if not self.is_held or self._descriptor is None:
            return
        if _is_at(self.path, self._descriptor):
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None
        _held.pop(self._key, None)

    def _take_over(self, other: "FileLock") -> str | None:
        if other is not self:
            if other.in_use:
                return f"this process ({os.getpid()})"
            self._descriptor, self._process, other._descriptor = other._descriptor, other._process, None
            _held[self._key] = self
        return None

    def _try(self) -> tuple[str | None, bool]:
        """Who holds it, None for this process; and whether that is settled: a holder may just have removed the file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise AtomicWriteError(
                f"cannot write into {self.path.parent} ({error.strerror}): check the folder and its permissions, or "
                "choose another --work-dir"
            ) from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read_holder(descriptor)
            os.close(descriptor)
            if error.errno in BUSY:
                return holder, True
            if error.errno in NO_LOCKS:
                print(f"note: {self.path.parent} is on a file system without locks: a second run is not kept out")
                return None, True
            raise
        if not _is_at(self.path, descriptor):
            os.close(descriptor)
            return None, False
        self._descriptor, self._process = descriptor, os.getpid()
        _held[self._key] = self
        ours = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(ours).encode())
        return None, True


@contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """Hold a lock for the moment that a file is read and written anew; waits for others that do.

    Args:
        path: of the lock file.

    Raises:
        AtomicWriteError: it cannot be made, or another process has held it for a minute.
    """
    lock, end = FileLock(path), time.monotonic() + PATIENCE
    while (holder := lock.acquire()) is not None:
        if time.monotonic() > end:
            raise AtomicWriteError(f"{path} has been held by {holder} for {PATIENCE:g} s: end that process")
        time.sleep(PAUSE)
    lock.in_use = True
    try:
        yield
    finally:
        lock.release()


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether an open file still is the one of that name."""
    try:
        there, ours = os.stat(path, follow_symlinks=False), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _read_holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {int(holder['pid'])} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
