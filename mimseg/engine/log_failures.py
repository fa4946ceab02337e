"""A log line or a report that cannot be written costs a warning, not the run."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

WRITES = ("add_config", "add_image", "add_scalar", "add_scalars", "close")


class WorkFolderGoneError(FileNotFoundError):
    """Somebody removed the folder that a run writes to."""


def check_work_folder(work_dir: str) -> None:
    """Refuse to go on where the work folder has vanished: its checkpoints are gone with it.

    Raises:
        WorkFolderGoneError: it has.
    """
    if not os.path.isdir(work_dir):
        raise WorkFolderGoneError(
            f"the work folder {work_dir} is gone, and its checkpoints with it: was it moved or removed, or its disk "
            "unmounted? Put it back and start again with --resume, or start anew"
        )


@contextmanager
def best_effort(runner: Runner, report: str) -> Iterator[None]:
    """Within the block, turn any exception into a warning that the report is missing."""
    try:
        yield
    except Exception as error:
        runner.logger.warning(f"{report} could not be written ({one_line(error)}); the run goes on")


def one_line(error: BaseException) -> str:
    """Type and text of an exception."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def tolerate_in_handlers(logger: MMLogger) -> None:
    """Let a line that a handler cannot write (disk full, terminal closed) cost one line on stderr.

    Names of files that are no UTF-8 are written with their bytes escaped.
    """
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            with suppress(AttributeError, ValueError, OSError):  # not every stream is a file
                handler.stream.reconfigure(errors="backslashreplace")
            handler.handleError = _Complaint(handler)  # type: ignore[method-assign]


class _Complaint:
    """Says once that a handler loses lines."""

    def __init__(self, handler: logging.Handler) -> None:
        self.target = getattr(handler, "baseFilename", "the terminal")
        self.said = False

    def __call__(self, record: logging.LogRecord) -> None:
        if not self.said:
            self.said = True
            reason = one_line(sys.exc_info()[1] or OSError())
            with suppress(OSError, ValueError):
                print(f"warning: {self.target} loses lines of the log ({reason})", file=sys.stderr)


def tolerate_in_backends(visualizer: Visualizer, work_dir: str, logger: MMLogger) -> None:
    """Let what a backend of the visualizer cannot write cost a warning, and open TensorBoard's file anew after it.

    A work folder that has vanished ends the run nevertheless, see :func:`check_work_folder`.
    """
    for backend in visualizer._vis_backends.values():
        if not hasattr(backend, "tolerant"):
            backend.tolerant = _Tolerance(backend, work_dir, logger)
            for name in WRITES:
                setattr(backend, name, backend.tolerant.guard(getattr(backend, name)))
    if not isinstance(threading.excepthook, _QuietThreads):
        threading.excepthook = _QuietThreads(threading.excepthook)


class _Tolerance:
    def __init__(self, backend: Any, work_dir: str, logger: MMLogger) -> None:
        self.backend, self.work_dir, self.logger = backend, work_dir, logger
        self.lost = 0

    def guard(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """As ``write``, without its OSErrors."""

        @wraps(write)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                result = write(*args, **kwargs)
            except OSError as error:
                check_work_folder(self.work_dir)
                self._note(error)
                return None
            if self.lost:
                self.logger.warning(f"{self._name}: writes again, {self.lost} entries are missing")
                self.lost = 0
            return result

        return guarded

    @property
    def _name(self) -> str:
        return type(self.backend).__name__

    def _note(self, error: OSError) -> None:
        if not self.lost:
            self.logger.warning(
                f"{self._name}: cannot write ({one_line(error)}); the run goes on without these entries"
            )
        self.lost += 1
        writer = getattr(self.backend, "_tensorboard", None)
        if writer is not None:  # its thread is dead: the next entry opens a new file
            writer.file_writer = writer.all_writers = None


class _QuietThreads:
    """A ``threading.excepthook`` without the traceback of TensorBoard's thread, whose error its writer raises again."""

    def __init__(self, otherwise: Callable[[Any], Any]) -> None:
        self.otherwise = otherwise

    def __call__(self, args: Any) -> None:
        if type(args.thread).__name__ != "_AsyncWriterThread" or not isinstance(args.exc_value, OSError):
            self.otherwise(args)
