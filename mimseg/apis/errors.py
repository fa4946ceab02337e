"""Telling a user's mistake, which deserves one line, from a programmer's, which deserves a traceback."""

import re
import traceback
from pathlib import Path

from .environment_errors import explain_environment

PACKAGE = str(Path(__file__).parents[1])
FILE_ERRORS = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
WORKER_FRAME = re.compile(r'File "([^"]+)", line \d+, in \S+\n\s+(\S+)')
BAD_ARGUMENT = re.compile(
    r"\w+(\.__init__\(\) (got an unexpected keyword argument|missing \d+ required)|\(\) takes no arguments)"
)


def explain(error: BaseException) -> str | None:
    """The one line that tells a user what was wrong, or None where the error is a bug.

    A user's mistakes are: what mimseg itself raises (also in a loader's worker), files and folders that are
    missing, closed or full, and config entries that name no registered class or an argument that it does not
    take.
    """
    message = " ".join(str(error).split())
    if "DataLoader worker process" in message:
        return _explain_worker(str(error)) or explain_environment(error)
    if _raised_here(error):
        return message
    if (line := explain_environment(error)) is not None:
        return line
    if isinstance(error, FILE_ERRORS):
        return message
    if isinstance(error, KeyError) and " is not in the " in message and "registry" in message:
        return f"config: {error.args[0].split('. Please check')[0]}; check the spelling of the type"
    if isinstance(error, TypeError) and message.startswith("cfg should be a dict"):
        return (
            f"config: {message}: a part of the model must be a dict; --cfg-options cannot give one, a config file can"
        )
    if isinstance(error, TypeError) and BAD_ARGUMENT.search(message):
        return f"config: {message.replace('.__init__()', '')}"
    return None


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
