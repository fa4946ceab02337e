"""What machines do to runs is said in one line with the fix; everything else is left to others."""

import errno
import os

import pytest
import torch

from mimseg.apis import explain
from mimseg.apis.run.environment_errors import explain_environment
from mimseg.processes import LOST_PEER

WORKER = """Caught {kind} in DataLoader worker process 1.
Original Traceback (most recent call last):
  File "/lib/torch/utils/data/_utils/worker.py", line 349, in _worker_loop
    data = fetcher.fetch(index)
{kind}: {text}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("DataLoader worker (pid 71) is killed by signal: Killed. ", "data worker 71 was killed (Killed)"),
        ("DataLoader worker (pid(s) 71, 72) exited unexpectedly", "data worker 71, 72 was killed (cause unknown)"),
        ("DataLoader worker (pid 71) is killed by signal: Bus error. It is possible ...", "make /dev/shm larger"),
        (
            "unable to write to file </torch_12_3_4>: No space left on device (28)",
            "the shared memory of the data workers is full: make /dev/shm larger (docker run --shm-size=8g",
        ),
        ("unable to mmap 98304 bytes from file </torch_1_2>: Cannot allocate memory (12)", "the memory is full"),
        ("unable to open shared memory object </torch_1> in read-write mode: Too many open files (24)", "ulimit -n"),
        ("received 0 items of ancdata", "ulimit -n"),
        ("DataLoader timed out after 600 seconds", "no batch came from the data workers for 600 s"),
        ("can't start new thread", "ulimit -u"),
        (
            "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried",
            "the memory is full",
        ),
        ("[../gloo/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:1234", LOST_PEER),
        ("[../gloo/tcp/pair.cc:553] Connection reset by peer [127.0.0.1]:1234", LOST_PEER),
        ("[../gloo/buffer.cc:72] Timed out waiting 1800000ms for recv operation to complete", LOST_PEER),
        ("The server socket has failed to listen on any local network address. EADDRINUSE", "PORT=29501"),
    ],
)
def test_of_torch(text, said):
    line = explain(RuntimeError(text))
    assert said in line
    assert "\n" not in line and "{" not in line


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EIO, "the disk or network drive fails"),
        (errno.ESTALE, "the disk or network drive fails"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOMEM, "the memory is full"),
        (errno.ENAMETOOLONG, "choose a shorter one"),
        (errno.ELOOP, "a link leads back to itself"),
        (errno.EEXIST, "a file stands where a folder is needed"),
    ],
)
def test_of_the_operating_system_in_this_process_and_in_a_worker(number, said):
    error = OSError(number, os.strerror(number), "/data/x.jpg")
    assert said in explain(error)
    in_worker = OSError(WORKER.format(kind="OSError", text=error))
    assert said in explain(in_worker) and "Original" not in explain(in_worker)


def test_memory():
    assert explain(MemoryError()).startswith("the memory is full")
    line = explain(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has ..."))
    assert line.startswith("CUDA out of memory: lower train_dataloader.batch_size, and raise optim_wrapper.accumul")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
        RuntimeError(WORKER.format(kind="RuntimeError", text="The size of tensor a (3) must match")),
        KeyError("Too many open files"),
        OSError("odd"),
    ],
)
def test_the_rest_is_left_to_others(error):
    assert explain_environment(error) is None
