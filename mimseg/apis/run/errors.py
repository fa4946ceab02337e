"""Telling a user's mistake, which deserves one line, from a programmer's, whose traceback is kept in a file."""

import logging
import re
import tempfile
import traceback
from pathlib import Path

from mmengine.logging import MMLogger

from .building import explain_building, explain_missing_file
from .environment_errors import explain_environment

PACKAGE = str(Path(__file__).parents[2])
FILE_ERRORS = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
WORKER_FRAME = re.compile(r'File "([^"]+)", line \d+, in \S+\n\s+(\S+)')
INSTALLED_BY = {"mmdet": "the extra `transfer`", "mmseg": "the extra `transfer`", "onnx": "the extra `export`"}


def explain(error: BaseException) -> str | None:
    """The one line that tells a user what was wrong, or None where the error is a bug.

    A user's mistakes are: what mimseg itself raises (also in a loader's worker), files and folders that are
    missing, closed or full, packages that are not installed, and whatever arises while parts of a config are built.
    """
    message = " ".join(str(error).split())
    if "DataLoader worker process" in message:
        return _explain_worker(str(error)) or explain_environment(error)
    if _raised_here(error):
        return message
    if (line := explain_environment(error)) is not None:
        return line
    if isinstance(error, FILE_ERRORS):
        return explain_missing_file(error) or message
    line = explain_building(error)
    return _explain_import(error, message) if line is None and isinstance(error, ImportError) else line


def report_bug(error: BaseException) -> str:
    """Keep an exception's traceback in the log of the run, else in a file of its own; gives the line that says so."""
    text = "".join(traceback.format_exception(error))
    log = _log_of_the_run()
    if log is None:
        with tempfile.NamedTemporaryFile("w", prefix="mimseg_", suffix=".txt", delete=False, encoding="utf-8") as new:
            new.write(text)
        log = Path(new.name)
    else:
        with open(log, "a", encoding="utf-8") as file:
            file.write(text)
    message = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {message or 'no message'}: this looks like a bug; its traceback is in {log}"


def _log_of_the_run() -> Path | None:
    handlers = MMLogger.get_current_instance().handlers if MMLogger._instance_dict else []
    files = [Path(handler.baseFilename) for handler in handlers if isinstance(handler, logging.FileHandler)]
    return next((file for file in files if file.is_file()), None)


def _explain_import(error: ImportError, message: str) -> str:
    package = (error.name or "").partition(".")[0]
    if not package:
        return f"a package is missing: {message}"
    where = INSTALLED_BY.get(package, f"pip install {package}")
    return f"the package {package} is needed here and cannot be imported ({message}): install it by {where}"


def _raised_here(error: BaseException) -> bool:
    """Whether a ``raise`` statement of this package raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename.startswith(PACKAGE) and (frames[-1].line or "").startswith("raise")


def _explain_worker(text: str) -> str | None:
    """As :func:`explain`, from the traceback that a worker process sent as text."""
    frames = WORKER_FRAME.findall(text)
    if not frames or not frames[-1][0].startswith(PACKAGE) or frames[-1][1] != "raise":
        return None
    last = text.strip().splitlines()[-1]
    return last.split(": ", 1)[-1]
