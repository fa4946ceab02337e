import os

import pytest
import torch
from mmengine.config import Config

from mimseg.apis.run.resuming import refuse_damaged, resume_latest
from mimseg.checkpoints import DamagedCheckpointError


@pytest.fixture
def run(tmp_path):
    for number in (1, 2, 3):
        torch.save({"weight": torch.full((1000,), float(number))}, tmp_path / f"epoch_{number}.pth")
    return tmp_path


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def resumed(run):
    cfg = Config(dict(work_dir=str(run), resume="latest"))
    resume_latest(cfg)
    return cfg


def test_a_damaged_latest_is_told_in_one_line_and_passed_over(run, capsys):
    assert resumed(run).load_from == str(run / "epoch_3.pth") and capsys.readouterr().out == ""
    flip_a_bit(run / "epoch_3.pth")
    cfg = resumed(run)
    assert cfg.resume is True and cfg.load_from == str(run / "epoch_2.pth")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"warning: {run}: epoch_3.pth, 1 of ") and line.endswith("going on from epoch_2.pth instead")


def test_one_line_for_all_processes(run, capsys, monkeypatch):
    os.truncate(run / "epoch_3.pth", 0)
    monkeypatch.setenv("RANK", "1")
    assert resumed(run).load_from.endswith("epoch_2.pth") and capsys.readouterr().out == ""


def test_all_damaged_is_refused_and_nothing_is_started_anew(run):
    for path in run.glob("*.pth"):
        os.truncate(path, 10)
    with pytest.raises(
        DamagedCheckpointError, match=r"has no intact checkpoint \(epoch_3\.pth, .*epoch_1\.pth, "
    ) as error:
        resumed(run)
    assert "\n" not in str(error.value)


def test_nothing_there_starts(tmp_path, capsys):
    assert resumed(tmp_path).resume is False
    assert "starting from scratch" in capsys.readouterr().out


def test_a_named_file_that_is_damaged_names_the_intact_one_before_it(run):
    refuse_damaged(run / "epoch_3.pth")
    refuse_damaged(run / "missing.pth")  # refused elsewhere
    flip_a_bit(run / "epoch_3.pth")
    with pytest.raises(DamagedCheckpointError, match=rf"use --resume {run / 'epoch_2.pth'}$"):
        refuse_damaged(run / "epoch_3.pth")
    os.truncate(run / "epoch_1.pth", 10)
    with pytest.raises(DamagedCheckpointError, match="no intact one before it: copy the file again$"):
        refuse_damaged(run / "epoch_1.pth")
