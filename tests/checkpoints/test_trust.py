import os
import random
import sys
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path, PureWindowsPath
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from torch import nn

from mimseg.checkpoints import (
    DamagedCheckpointError,
    MissingCheckpointError,
    UntrustedCheckpointError,
    read_checkpoint,
)
from mimseg.checkpoints.trust import SETTINGS


class Payload:
    """Unpickling it creates the file ``path``."""

    def __init__(self, path: Path, function=os.mkdir):
        self.call = (function, (str(path),))

    def __reduce__(self):
        return self.call


class Call:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def mmengine_like_checkpoint() -> dict:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    hub = MessageHub("test_trust")
    for loss in (3.0, 2.0):
        hub.update_scalar("train/loss", loss)
    hub.update_info("keep_ckpt_ids", [1, 2])
    return {
        "meta": {
            "epoch": 2,
            "iter": 10,
            "seed": None,
            "dataset_meta": {"classes": ("a", "b")},
            "cfg": "model = dict()\n",
        },
        "state_dict": OrderedDict(model.state_dict()),
        "message_hub": hub.state_dict(),
        "optimizer": optimizer.state_dict(),
        "param_schedulers": [{"last_step": 3, "_last_value": [np.float64(0.1)]}],
        "rng": (random.getstate(), np.random.get_state(), torch.get_rng_state()),
    }


def test_reads_what_mmengine_writes(tmp_path):
    path = tmp_path / "epoch_2.pth"
    written = mmengine_like_checkpoint()
    torch.save(written, path)
    read = read_checkpoint(path)
    torch.testing.assert_close(read["state_dict"], written["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(read["optimizer"]["state"], written["optimizer"]["state"], rtol=0, atol=0)
    history = read["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(history, HistoryBuffer)
    assert history.data[0].tolist() == [3.0, 2.0] and history.mean() == 2.5
    assert history.statistics("mean", 1) == 2.0
    assert read["param_schedulers"] == written["param_schedulers"]
    assert read["meta"] == written["meta"]
    assert read["rng"][0] == written["rng"][0]
    assert np.array_equal(read["rng"][1][1], written["rng"][1][1])
    torch.save(read, path)  # what was read can be written and read once more, as a resumed run does
    assert read_checkpoint(path)["message_hub"]["log_scalars"]["train/loss"].mean() == 2.5


def test_reads_official_mae_layout(tmp_path):
    path = tmp_path / "mae.pth"
    torch.save({"model": nn.Linear(2, 2).state_dict(), "args": Namespace(lr=0.1, data=["x"]), "epoch": 3}, path)
    assert read_checkpoint(str(path))["args"].lr == 0.1


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "uint32", "int64", "float16", "float32", "complex64"])
def test_numeric_arrays_survive(tmp_path, dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    path = tmp_path / "a.pth"
    torch.save({"array": array, "scalar": array[1, 2]}, path)
    read = read_checkpoint(path)
    assert read["array"].dtype == array.dtype and np.array_equal(read["array"], array)
    assert read["scalar"] == array[1, 2]


def test_numpy_1_paths_are_known(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"array": np.arange(3.0)}, path, _use_new_zipfile_serialization=False)
    old = path.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    path.write_bytes(old)
    assert read_checkpoint(path)["array"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("legacy", [False, True])
def test_hostile_checkpoint_is_refused_and_does_not_run(tmp_path, legacy):
    path, touched = tmp_path / "hostile.pth", tmp_path / "touched"
    checkpoint = {"state_dict": {}, "extra": Payload(touched)}
    torch.save(checkpoint, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UntrustedCheckpointError) as refusal:
        read_checkpoint(path)
    message = str(refusal.value)
    assert not touched.exists()
    assert str(path) in message and "mkdir" in message and "--trust-checkpoint" in message
    assert "\n" not in message
    read_checkpoint(path, trust=True)
    assert touched.exists()


@pytest.mark.parametrize(
    ("hostile", "named"),
    [
        (Call(getattr, HistoryBuffer, "__init__"), "getattr"),
        (Call(getattr, Namespace, "mean"), "getattr"),
        (Call(np.dtype, "O"), "numpy.dtype"),
        (Call(np.dtype, [("field", "O")]), "numpy.dtype"),
        (Call(eval, "1 + 1"), "eval"),
        (nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
    ],
)
def test_gadgets_on_the_allow_list_are_refused(tmp_path, hostile, named):
    path = tmp_path / "hostile.pth"
    torch.save({"extra": hostile}, path)
    with pytest.raises(UntrustedCheckpointError, match=named):
        read_checkpoint(path)


class Settings(dict):
    """A dict of settings with attributes beside its entries, as yacs has it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.__dict__["__immutable__"] = True


@pytest.fixture
def settings(monkeypatch):
    """Make settings of another library; the library is not there when the file is read."""

    def write(path, name, *, legacy=False):
        module, _, kind = name.rpartition(".")
        library = ModuleType(module)
        made = type(kind, (Settings,), {"__module__": module, "__qualname__": kind})
        setattr(library, kind, made)
        content = made({"MODEL": made({"DEPTHS": [2, 2], "DROP": 0.1}), "TAG": "x"})
        with monkeypatch.context() as patch:
            for depth in range(1, module.count(".") + 2):
                patch.setitem(sys.modules, ".".join(module.split(".")[:depth]), library)
            torch.save(
                {"model": {"a": torch.ones(1)}, "config": content}, path, _use_new_zipfile_serialization=not legacy
            )

    return write


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_other_libraries_become_plain_data(tmp_path, settings, name, legacy):
    """SimMIM's and Swin's files hold a yacs config."""
    path = tmp_path / "simmim.pth"
    settings(path, name, legacy=legacy)
    read = read_checkpoint(path)
    assert type(read["config"]) is OrderedDict and type(read["config"]["MODEL"]) is OrderedDict
    assert read["config"] == {"MODEL": {"DEPTHS": [2, 2], "DROP": 0.1}, "TAG": "x"}
    torch.save(read, path)
    assert read_checkpoint(path)["config"] == read["config"]


def test_settings_of_a_library_that_is_not_known_are_refused(tmp_path, settings):
    settings(tmp_path / "file.pth", "some_library.config.CfgNode")
    with pytest.raises(UntrustedCheckpointError, match=r"names some_library.config.CfgNode.*--trust-checkpoint"):
        read_checkpoint(tmp_path / "file.pth")


def test_paths_become_text(tmp_path):
    path = tmp_path / "file.pth"
    torch.save({"args": Namespace(output_dir=Path("/a/b/c"), data=PureWindowsPath("c/d"))}, path)
    assert vars(read_checkpoint(path)["args"]) == {"output_dir": "/a/b/c", "data": "c/d"}
    torch.save({"args": Call(type(Path("a")), 7)}, path)
    with pytest.raises(UntrustedCheckpointError, match="Path"):
        read_checkpoint(path)


def test_allow_list_ends_with_the_call(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(mmengine_like_checkpoint(), path)
    before = set(torch.serialization.get_safe_globals())
    read_checkpoint(path)
    assert set(torch.serialization.get_safe_globals()) == before


def one_line(error) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(MissingCheckpointError) as error:
        read_checkpoint(tmp_path / "none.pth")
    assert str(tmp_path / "none.pth") in one_line(error)
    with pytest.raises(MissingCheckpointError, match="folder"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("damage", ["empty", "truncated", "text", "garbage"])
def test_damaged_file(tmp_path, damage, trust):
    path = tmp_path / "epoch_1.pth"
    torch.save(mmengine_like_checkpoint(), path)
    whole = path.read_bytes()
    garbage = np.random.default_rng(0).bytes(5000)
    path.write_bytes(
        {"empty": b"", "truncated": whole[: len(whole) // 2], "text": b"hello\n" * 9, "garbage": garbage}[damage]
    )
    with pytest.raises(DamagedCheckpointError) as error:
        read_checkpoint(path, trust=trust)
    assert str(path) in one_line(error) and "earlier checkpoint" in one_line(error)


def test_other_than_dict(tmp_path):
    torch.save(torch.ones(2), tmp_path / "tensor.pth")
    with pytest.raises(DamagedCheckpointError, match="Tensor"):
        read_checkpoint(tmp_path / "tensor.pth")
