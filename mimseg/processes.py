"""Processes that belong together: who dies with whom, and who gets whose signals. Light to import."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any

STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, name)
)
"""Signals that ask a run to end: Ctrl-C, kill and clusters, a closed terminal, ``#SBATCH --signal=USR1@120``."""

LOST_PEER = "another process of this run ended or hangs"
"""How the line of a process begins that ended because another one did."""

LINES_VARIABLE = "MIMSEG_LINES"
"""Names the folder into which the processes of a run write the line that each ends with, see mimseg.launcher."""

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Let Linux send this process a signal when its parent dies, also if that is killed; without effect elsewhere.

    Args:
        parent: its id; where it has died already, this process ends.
        number: of the signal.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os._exit(1)


@contextmanager
def handling(handle: Callable[[int], None]) -> Iterator[None]:
    """Call ``handle`` with the number of each stop signal within the block; the handlers before are put back.

    In the main thread only, as Python has it; signals that are ignored (``nohup``) stay ignored.
    """
    process = os.getpid()

    def call(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:  # not in a child that has just been forked
            handle(number)

    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in STOP_SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                previous[number] = signal.signal(number, call)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def is_first_process() -> bool:
    """Tell whether this is the first process of a run, or its only one, before they know of each other."""
    return os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0")) == "0"


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, which Ctrl-C does not reach, and which gets SIGTERM if this one dies.

    Args:
        command: and its arguments.
        **options: of ``subprocess.Popen``.
    """
    last = partial(die_with_parent, os.getpid(), signal.SIGTERM)
    return subprocess.Popen(command, start_new_session=True, preexec_fn=last, **options)


def run(command: Sequence[str], **options: Any) -> tuple[int, int]:
    """Run a process to its end and hand on the signals that this one gets meanwhile.

    Args:
        command: and its arguments.
        **options: of ``subprocess.Popen``.

    Returns:
        Exit code, and the number of the first signal, 0 if none came.
    """
    came: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int) -> None:
        came.append(number)
        for child in children:
            send(child, number)

    with handling(hand_on):
        child = start(command, **options)
        children.append(child)
        for number in came[:1]:  # one that came before there was a child
            send(child, number)
        code = child.wait()
    return code, came[0] if came else 0


def send(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process if it still runs."""
    with suppress(ProcessLookupError):
        child.send_signal(number)
