import errno
import os
import subprocess
import sys
import time

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import get_file_backend
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mimseg.checkpoints import AtomicWriteError, find_latest, read_checkpoint, sweep_temporaries, write_atomically

BACKEND = {"backend": "AtomicBackend"}


def backend():
    return get_file_backend(backend_args=BACKEND)


def test_put_writes_and_replaces(tmp_path):
    path = tmp_path / "new" / "epoch_1.pth"
    backend().put(b"one", path)
    backend().put(b"two", path)
    backend().put_text("grün", path.with_name("a.txt"))
    assert path.read_bytes() == b"two"
    assert path.with_name("a.txt").read_text(encoding="utf-8") == "grün"
    assert sorted(os.listdir(path.parent)) == ["a.txt", "epoch_1.pth"]


def test_the_data_reaches_the_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    events = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (events.append("fsync"), fsync(descriptor)))
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("replace"), replace(*names)))
    write_atomically(tmp_path / "a", b"data")
    assert events == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch, call):
    path = tmp_path / "epoch_1.pth"
    write_atomically(path, b"old")

    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, no_space)
    with pytest.raises(AtomicWriteError) as error:
        write_atomically(path, b"new")
    message = str(error.value)
    assert str(path) in message and "No space left" in message and "free some space" in message
    assert "\n" not in message
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["epoch_1.pth"]


def test_a_real_full_device():
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space"), open("/dev/full", "wb", buffering=0) as file:
        file.write(b"x")
    with pytest.raises(AtomicWriteError, match=r"cannot write /dev/full/epoch_1\.pth"):
        write_atomically("/dev/full/epoch_1.pth", b"x")


def test_killed_writer_leaves_whole_files_only(tmp_path):
    """A process that rewrites one file over and over is killed: the file is one whole version."""
    path = tmp_path / "epoch_1.pth"
    code = (
        "import sys, itertools\n"
        "from mimseg.checkpoints import write_atomically\n"
        "for i in itertools.count():\n"
        "    write_atomically(sys.argv[1], bytes([i % 256]) * 3_000_000)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)])
    while not path.exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.2)
    process.kill()
    process.wait()
    data = path.read_bytes()
    assert len(data) == 3_000_000 and len(set(data)) == 1
    assert find_latest(tmp_path) == path


class TinyModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, inputs, data_samples=None, mode="loss"):
        return {"loss_fit": self.linear(torch.stack(inputs)).square().mean()}


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return {"inputs": torch.full((1,), float(index))}


def test_checkpoint_hook_writes_through_the_backend(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "mimseg.checkpoints.atomic.write_atomically",
        lambda path, data: (written.append(os.path.basename(path)), write_atomically(path, data)),
    )
    hook = {"type": "CheckpointHook", "interval": 1, "max_keep_ckpts": 2, "backend_args": BACKEND}
    runner = Runner(
        TinyModel(),
        work_dir=str(tmp_path),
        train_dataloader={
            "dataset": Samples(),
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "batch_size": 2,
        },
        train_cfg={"by_epoch": True, "max_epochs": 3},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        default_hooks={"checkpoint": hook, "logger": {"type": "LoggerHook", "interval": 1}},
        log_level="ERROR",
        experiment_name="atomic",
        cfg=Config(),
    )
    runner.train()
    assert written == ["epoch_1.pth", "epoch_2.pth", "epoch_3.pth"]
    assert sorted(path.name for path in tmp_path.glob("*.pth")) == ["epoch_2.pth", "epoch_3.pth"]
    checkpoint = read_checkpoint(find_latest(tmp_path))
    assert checkpoint["meta"]["epoch"] == 3
    assert checkpoint["message_hub"]["log_scalars"]["train/loss"].data[0].shape == (6,)
    torch.testing.assert_close(checkpoint["state_dict"], runner.model.state_dict())


def test_two_writers_of_one_file_do_not_meet(tmp_path, monkeypatch):
    """The second writes between the first one's bytes and its rename."""
    path, replace, temporaries = tmp_path / "epoch_1.pth", os.replace, []

    def write_meanwhile(source, target):
        temporaries.append(source)
        if len(temporaries) == 1:
            write_atomically(path, b"second" * 1000)
        replace(source, target)

    monkeypatch.setattr(os, "replace", write_meanwhile)
    write_atomically(path, b"first" * 1000)
    assert path.read_bytes() == b"first" * 1000 and os.listdir(tmp_path) == ["epoch_1.pth"]
    assert len(set(temporaries)) == 2


def killed_while_writing(path):
    pid = os.fork()
    if pid == 0:
        os.replace = lambda *_: os.kill(os.getpid(), 9)
        write_atomically(path, b"data")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 9


def test_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path):
    killed_while_writing(tmp_path / "epoch_1.pth")
    left = os.listdir(tmp_path)
    assert len(left) == 1 and left[0].startswith(".epoch_1.pth.") and left[0].endswith(".tmp")
    name = ".epoch_1.pth.0123456789abcdef.tmp"
    (tmp_path / "inner").mkdir()
    others = [".notes.tmp", "epoch_1.pth.tmp", "epoch_1.pth", ".epoch_1.pth.0123.tmp", f"inner/{name}"]
    for other in others:
        (tmp_path / other).write_text("mine")
    (tmp_path / ".link.0123456789abcdef.tmp").symlink_to(tmp_path / "epoch_1.pth")
    (tmp_path / ".folder.0123456789abcdef.tmp").mkdir()
    before = set(os.listdir(tmp_path))
    assert sweep_temporaries(tmp_path, tmp_path / "missing") == [tmp_path / left[0]]
    assert before - set(os.listdir(tmp_path)) == set(left)
    assert (tmp_path / f"inner/{name}").is_file()


def test_what_is_being_written_is_not_swept(tmp_path, monkeypatch):
    replace, swept = os.replace, []
    monkeypatch.setattr(os, "replace", lambda *names: (swept.extend(sweep_temporaries(tmp_path)), replace(*names)))
    write_atomically(tmp_path / "a", b"data")
    assert swept == [] and (tmp_path / "a").read_bytes() == b"data"


def test_a_device_or_a_pipe_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        with pytest.raises(AtomicWriteError, match=f"{name} is no regular file but a device, a pipe or a socket"):
            write_atomically(tmp_path / name, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe"]
