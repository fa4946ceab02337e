"""Workers end with their parent, leave signals to it, and are not waited for for ever."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from torch.utils.data import DataLoader, Dataset

from mimseg.apis import explain
from mimseg.datasets.workers import WORKER_TIMEOUT, StartWorker, guard_workers


class Rows(Dataset):
    """Rows that are large enough to fill the pipe in which results come back."""

    def __len__(self):
        return 400

    def __getitem__(self, index):
        return list(range(2000))


def loader(**options) -> DataLoader:
    return DataLoader(Rows(), batch_size=4, num_workers=2, collate_fn=list, multiprocessing_context="fork", **options)


def gone(process: int, within: float = 20.0) -> bool:
    """Whether a process has ended, or ends soon; one that nobody has waited for counts."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_timeout_unless_the_config_has_one_or_there_are_no_workers():
    assert guard_workers(loader()).timeout == WORKER_TIMEOUT
    assert guard_workers(loader(), 7).timeout == 7
    assert guard_workers(loader(), 0).timeout == 0
    alone = guard_workers(DataLoader(Rows(), num_workers=0), 7)
    assert alone.timeout == 0 and len(next(iter(alone))) == 2000


def test_the_loaders_own_start_is_kept():
    seeded = []
    guarded = guard_workers(guard_workers(DataLoader(Rows(), worker_init_fn=seeded.append)))
    assert isinstance(guarded.worker_init_fn, StartWorker)
    assert guarded.worker_init_fn.then == seeded.append


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_workers_go_when_the_main_process_is_killed():
    """Their pipe is full, and each holds the others' ends of it: without help, some stay for ever."""
    reader, writer = os.pipe()
    main = os.fork()
    if main == 0:
        iterator = iter(guard_workers(loader(prefetch_factor=50)))
        next(iterator)
        os.write(writer, " ".join(str(worker.pid) for worker in iterator._workers).encode())
        time.sleep(60)
        os._exit(1)
    workers = [int(word) for word in os.read(reader, 100).split()]
    os.kill(main, signal.SIGKILL)
    os.waitpid(main, 0)
    assert len(workers) == 2 and all(gone(worker) for worker in workers)


def test_signals_to_all_processes_do_not_end_workers():
    """A terminal sends Ctrl-C, and a cluster its signals, to the workers, too."""
    iterator = iter(guard_workers(loader(prefetch_factor=1)))
    next(iterator), next(iterator)  # one of each worker: both have started
    for worker in iterator._workers:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            os.kill(worker.pid, number)
    assert sum(1 for _ in iterator) == 98


def test_a_stopped_worker_is_named_within_the_timeout():
    iterator = iter(guard_workers(loader(prefetch_factor=1), timeout=1))
    next(iterator)
    workers = [worker.pid for worker in iterator._workers]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    with pytest.raises(RuntimeError) as error:
        list(iterator)
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    assert explain(error.value).startswith("no batch came from the data workers for 1 s: a worker was stopped")


def test_a_killed_worker_is_named():
    iterator = iter(guard_workers(loader(prefetch_factor=1), timeout=20))
    next(iterator)
    worker = iterator._workers[0].pid
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(RuntimeError) as error:
        list(iterator)
        time.sleep(5)  # the signal that a child died may come later
    line = explain(error.value)
    assert f"data worker {worker} was killed" in line and "lower num_workers" in line and "--resume" in line
