"""What a file says of its sizes is compared with the file, in seconds and little memory."""

import zipfile
from collections import OrderedDict

import pytest
import torch
from hostile_files import with_sizes, write
from hostile_making import altered, honest, save
from hostile_trial import DOORS, show
from mmengine.logging import HistoryBuffer

from mimseg.checkpoints import DamagedCheckpointError, read_checkpoint
from mimseg.checkpoints.source import read_file

FEW = {name: DOORS[name] for name in ("read_checkpoint", "load_weights")}


@pytest.mark.parametrize("name", with_sizes())
def test_refused_in_one_line(tmp_path, name):
    for door, (ending, said) in show(write(tmp_path, name), FEW).items():
        assert ending == "one line", (door, ending, said)
        assert name in said


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("storage of 4 TB.pth", r"storage of 'a' is said to have 4398046511104 bytes and has 308"),
        ("storage of 4 TB old.pth", r"storages are said to have 4398046511104 bytes, \d+ are left"),
        ("tensor of one number.pth", r"'blocks.0.attn.qkv.weight' is said to have 4000000000000 bytes"),
        ("call of bytearray.pth", r"'a' is a call of builtins.bytearray, which makes memory of a number"),
        ("zip bomb.pth", "compression bomb"),
        ("two pickles.pth", "two records named 'two pickles/data.pkl'"),
        ("two pickles by case.pth", "two records named"),
        ("two archives.pth", "does not begin where the file does"),
        ("nested tuple as key.pth", "nested more than 400 deep"),
        ("repeated tuple as key.pth", "it repeats itself"),
        ("long pickle.pth", "more than 5000000 operations"),
    ],
)
def test_the_reason_is_told(tmp_path, name, reason):
    with pytest.raises(DamagedCheckpointError, match=reason):
        read_checkpoint(write(tmp_path, name))


@pytest.mark.parametrize("old", [False, True])
def test_honest_files_pass(tmp_path, old):
    """Shared storages, views, expanded biases, parameters, buffers without numbers, arrays, an optimizer's state."""
    base = torch.arange(12.0)
    state = OrderedDict(
        view=base[3:7],
        transposed=base.view(3, 4).t(),
        repeated=torch.ones(1).expand(1000),
        parameter=torch.nn.Parameter(base),
        nothing=torch.empty(0, 5),
        half=base.half(),
        index=torch.arange(3),
        flag=torch.tensor(True),
    )
    if not old:
        state["small"] = base.to(torch.float8_e4m3fn)
    optimizer = torch.optim.AdamW([torch.nn.Parameter(base.clone())])
    hub = HistoryBuffer([1.0, 2.0], [1, 1])
    others = {"optimizer": optimizer.state_dict(), "hub": hub, "x": [{"y": ()}] * 3}
    save({"state_dict": state, **others}, tmp_path / "a", old)
    read = read_checkpoint(tmp_path / "a")
    torch.testing.assert_close(read["state_dict"], state, rtol=0, atol=0)
    assert read["hub"].data[0].tolist() == [1, 2] and read["x"] == [{"y": ()}] * 3


def test_a_compressed_archive_of_honest_size_passes(tmp_path):
    altered(tmp_path / "a.pth", lambda data: data, compress=zipfile.ZIP_DEFLATED)
    torch.testing.assert_close(read_checkpoint(tmp_path / "a.pth")["model"], honest(), rtol=0, atol=0)


def test_a_scripted_archive_is_looked_at_likewise(tmp_path):
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(tmp_path / "a.pt"))
    assert read_file(tmp_path / "a.pt").keys() == {"weight", "bias"}
    with zipfile.ZipFile(tmp_path / "a.pt", "a") as archive:
        archive.writestr("a/DATA.pkl", b"N.")
    with pytest.raises(DamagedCheckpointError, match="two records named"):
        read_file(tmp_path / "a.pt")
