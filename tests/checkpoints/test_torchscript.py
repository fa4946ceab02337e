"""TorchScript archives give their tensors, and nothing that they name is run."""

import pickle
import zipfile

import pytest
import torch
from torch import nn

from mimseg.checkpoints import CheckpointError, DamagedCheckpointError, UntrustedCheckpointError
from mimseg.checkpoints.source import read_file
from mimseg.checkpoints.torchscript import is_torchscript, read_torchscript


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 2, bias=False)
        self.token = nn.Parameter(torch.randn(4).t())
        self.register_buffer("count", torch.arange(3))

    def forward(self, x):
        return self.conv(x).mean((2, 3)) + self.token


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Inner()
        self.blocks = nn.Sequential(nn.Linear(4, 2), nn.ReLU())
        self.scale = nn.Parameter(torch.ones([]))
        self.size: int = 7

    def forward(self, x):
        return self.blocks(self.visual(x)) * self.scale


@pytest.fixture
def archive(tmp_path):
    torch.manual_seed(0)
    model = Outer().half()
    path = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(model), str(path))
    return path, model.state_dict()


def rewrite(path, target, change) -> None:
    """The archive with another pickle in it."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith("/data.pkl") else data)


def test_all_tensors_come_back_by_name(archive):
    path, expected = archive
    found = read_torchscript(path)
    assert is_torchscript(path)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor)


def test_other_files_are_none(tmp_path):
    torch.save({"weight": torch.ones(2)}, tmp_path / "state.pth")
    (tmp_path / "text.pth").write_text("no archive")
    assert not is_torchscript(tmp_path / "state.pth") and not is_torchscript(tmp_path / "text.pth")


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_what_could_run_is_refused_by_name(archive, tmp_path):
    hostile = tmp_path / "hostile.pt"
    rewrite(archive[0], hostile, lambda data: pickle.dumps(Payload(tmp_path / "ran"), protocol=2))
    with pytest.raises(UntrustedCheckpointError, match=r"names \w+.open, which is no part of a module's weights"):
        read_torchscript(hostile)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: pickle.dumps([1, 2], protocol=2),
        lambda data: data.replace(b"K\x04t", b"K\x7ft"),  # sizes beyond their storage
    ],
)
def test_damage_is_one_line(archive, tmp_path, change):
    broken = tmp_path / "broken.pt"
    rewrite(archive[0], broken, change)
    with pytest.raises(CheckpointError) as error:
        read_torchscript(broken)
    assert "\n" not in str(error.value) and "broken.pt" in str(error.value)


def test_a_storage_of_another_size_is_refused(archive, tmp_path):
    short = tmp_path / "short.pt"
    with zipfile.ZipFile(archive[0]) as old, zipfile.ZipFile(short, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[:-2] if name.endswith("/data/0") else data)
    with pytest.raises(DamagedCheckpointError, match="storage of 'scale' is said to have 2 bytes and has 0"):
        read_torchscript(short)


def test_it_is_opened_like_any_other_file(archive):
    path, expected = archive
    assert read_file(path).keys() == expected.keys()
