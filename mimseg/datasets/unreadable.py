"""One mechanism for files that cannot be read: whatever goes wrong with one becomes one error that names it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from ..names import printable

PLAIN_ERRORS = (OSError, ValueError)  # whose messages need no name of their type in front
OPEN_FILES = (errno.EMFILE, errno.ENFILE)
KINDS = {
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class UnreadableImageError(OSError):
    """An image file that cannot be decoded, or not into what was asked for.

    Args:
        message: what is wrong, with the file's name.
        path: of the file, where it is one.
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


@contextmanager
def naming_unreadable(path: str, what: str = "image") -> Iterator[None]:
    """Turn whatever is raised while one file is opened and decoded into an error that names it.

    Decoders raise nearly anything on damaged bytes, so keep everything else out of the block.

    Raises:
        UnreadableImageError: the file cannot be read, or not within the memory that there is.
        RuntimeError: the process may open no further files, which is not this one's fault.
    """
    try:
        yield
    except UnreadableImageError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OPEN_FILES:
            raise RuntimeError(
                f"cannot open {what} '{printable(path)}': {error.strerror}; use fewer workers, or raise the limit "
                "(ulimit -n)"
            ) from error
        raise UnreadableImageError(f"cannot read {what} '{printable(path)}': {_reason(error)}", path) from error


def _reason(error: Exception) -> str:
    text = " ".join(printable(str(error)).split())
    if isinstance(error, MemoryError):
        return f"not enough memory ({text})" if text else "not enough memory"
    kind = type(error)
    name = f"{kind.__module__}.error" if kind.__name__ == "error" else kind.__name__
    return text if text and isinstance(error, PLAIN_ERRORS) else f"{name}: {text}"


def check_regular(path: str) -> None:
    """Refuse what is no file with content, before opening it could block.

    Raises:
        OSError: nothing is there, or a link that leads nowhere or to itself.
        ValueError: a pipe, socket, device or folder, or an empty file.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"it is {KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}, not a file")
    if status.st_size == 0:
        raise ValueError("it is empty")


def check_pixels(height: int, width: int, max_pixels: int) -> None:
    """Refuse a size that a file claims, before memory is taken for it.

    Raises:
        ValueError: no pixel, or more than ``max_pixels``.
    """
    if height < 1 or width < 1:
        raise ValueError(f"it has no pixels (its size is {width} x {height})")
    if height * width > max_pixels:
        raise ValueError(
            f"it has {width} x {height} pixels, more than max_pixels={max_pixels}; if it is meant, set "
            f"max_pixels={height * width} in the transform that loads images, else shrink it or leave it out"
        )
