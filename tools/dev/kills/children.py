"""Starts of ``tools/train.py`` in forked processes, which have imported everything already."""

import atexit
import importlib.util
import os
import pickle
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .points import Event, Point, Recorder

SCRIPT = Path(__file__).parents[2] / "train.py"
SECONDS = 240.0
"""After which a run counts as hanging."""


@dataclass
class Outcome:
    """How a start ended.

    Attributes:
        code: exit code of the first process; negative for a signal, None for a hang.
        seconds: it took.
        sessions: of its processes, which their workers share.
        events: what it did to files, where it came to its end.
    """

    code: int | None
    seconds: float
    sessions: list[int]
    events: list[Event]


def start(
    place: Path,
    arguments: Sequence[str],
    work_dir: Path,
    log: Path,
    processes: int = 1,
    point: Point | None = None,
    after: float | None = None,
    victims: Sequence[int] = (0,),
) -> Outcome:
    """Train in forked processes and wait for their end.

    Args:
        place: folder to run in.
        arguments: of the script.
        work_dir: of the run.
        log: gets what they print.
        processes: how many train together.
        point: where the first process kills itself.
        after: seconds after which ``victims`` are killed.
        victims: ranks.
    """
    began, port, events = time.monotonic(), _free_port(), log.with_suffix(".events")
    events.unlink(missing_ok=True)
    pids = [_fork(place, arguments, work_dir, log, (rank, processes, port), point, events) for rank in range(processes)]
    handles = [os.pidfd_open(pid) for pid in pids]
    if after is not None and not _ended(handles[victims[0]], after):
        for rank in victims:
            _kill(pids[rank])
    hangs = sum(_ended(handle, SECONDS) for handle in handles) < processes
    codes = [_reap(pid) for pid in pids]
    for handle in handles:
        os.close(handle)
    found = pickle.loads(events.read_bytes()) if events.exists() else []
    code = None if hangs else min(codes, key=lambda code: (code >= 0, -code))
    return Outcome(code, time.monotonic() - began, pids, found)


def _fork(
    place: Path,
    arguments: Sequence[str],
    work_dir: Path,
    log: Path,
    group: tuple[int, int, int],
    point: Point | None,
    events: Path,
) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(place)
        code = _train(arguments, work_dir, group, point, events)
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _train(
    arguments: Sequence[str], work_dir: Path, group: tuple[int, int, int], point: Point | None, events: Path
) -> int:
    rank, processes, port = group
    if processes > 1:
        os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        arguments = [*arguments, "--launcher", "pytorch"]
    sys.argv = ["train.py", *arguments]
    recorder = Recorder(work_dir, point)
    if rank == 0:
        recorder.install()
    code: int = script().main()
    if rank == 0:
        events.write_bytes(pickle.dumps(recorder.events))
    return code


def script() -> Any:
    """The module of ``tools/train.py``."""
    spec = importlib.util.spec_from_file_location("tools_train", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _ended(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def _reap(pid: int) -> int:
    """Exit code of a process, which is ended where it did not end by itself."""
    found, status = os.waitpid(pid, os.WNOHANG)
    if found == 0:
        _kill(pid)
        status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def left_over(sessions: Sequence[int]) -> list[int]:
    """Processes of some sessions that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) in sessions and fields[0] not in "ZX":
            found.append(int(folder.name))
    return found


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port
