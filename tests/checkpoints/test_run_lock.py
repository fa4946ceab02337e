"""One writer per folder, until its process ends, however it ends."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from mimseg.checkpoints import AtomicWriteError
from mimseg.checkpoints.run_lock import FileLock, locked


def in_child(work) -> int:
    """Do something in a forked process; gives its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = int(work() or 0)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_second_process_is_told_who_holds_it(tmp_path):
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire() is None and lock.is_held

    def second():
        other = FileLock(tmp_path / "lock")
        return 0 if (other.acquire() or "").startswith(f"process {os.getppid()} on ") and other.is_busy() else 3

    assert in_child(second) == 0
    lock.release()
    assert not (tmp_path / "lock").exists()
    assert in_child(lambda: 0 if FileLock(tmp_path / "lock").acquire() is None else 3) == 0


def test_a_worker_that_outlives_a_killed_run_does_not_keep_it(tmp_path):
    reading, writing = os.pipe()
    run = os.fork()
    if run == 0:
        assert FileLock(tmp_path / "lock").acquire() is None
        worker = os.fork()
        if worker == 0:
            signal.pause()
        os.write(writing, worker.to_bytes(8, "little"))
        signal.pause()
    worker = int.from_bytes(os.read(reading, 8), "little")
    try:
        assert FileLock(tmp_path / "lock").acquire() is not None
        os.kill(run, signal.SIGKILL)
        os.waitpid(run, 0)
        os.kill(worker, 0)  # lives
        lock = FileLock(tmp_path / "lock")
        assert lock.acquire() is None
        lock.release()
    finally:
        os.kill(worker, signal.SIGKILL)


def test_a_forked_worker_gives_nothing_back(tmp_path):
    lock = FileLock(tmp_path / "lock")
    lock.acquire()
    assert in_child(lock.release) == 0
    assert in_child(lambda: 0 if FileLock(tmp_path / "lock").acquire() else 3) == 0
    lock.release()


def test_within_a_process_one_that_is_idle_is_taken_over(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire() is None and second.acquire() is None
    assert second.is_held and not first.is_held
    second.in_use = True
    assert first.acquire() == f"this process ({os.getpid()})"
    first.release()
    assert second.is_held
    second.release()
    assert first.acquire() is None
    first.release()


def _count(folder: str, times: int) -> None:
    for _ in range(times):
        with locked(f"{folder}/lock"):
            number = int(Path(folder, "number").read_text())
            Path(folder, "number").write_text(str(number + 1))


def test_what_is_read_and_written_anew_under_a_lock_is_not_lost(tmp_path):
    (tmp_path / "number").write_text("0")
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_count, args=(str(tmp_path), 30)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert (tmp_path / "number").read_text() == "90"


def test_where_nothing_can_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AtomicWriteError, match="cannot write into .*file .*--work-dir"):
        FileLock(tmp_path / "file" / "lock").acquire()
