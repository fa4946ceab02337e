"""The parts of the kill campaign, and a small one."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))

from kills.compare import differences, differing  # noqa: E402
from kills.points import Point, Recorder, choose, points_of  # noqa: E402

from mimseg.checkpoints import sweep_temporaries, write_atomically  # noqa: E402


def write_all(work_dir):
    """What a run does: a file that is replaced twice, one that is removed, one outside, a log."""
    write_atomically(work_dir / "epoch_1.pth", b"first")
    write_atomically(work_dir / "epoch_1.pth", b"second")
    (work_dir / "epoch_1.pth").unlink()
    with open(work_dir / "scalars.json", "a") as file:
        file.write("0123456789")
    (work_dir.parent / "outside").write_text("x")
    with open(work_dir / "run.log", "w") as file:
        file.write("x")


def forked(work_dir, point=None):
    """Do all that in a process of its own; gives its status and its events."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        recorder = Recorder(work_dir, point)
        recorder.install()
        write_all(work_dir)
        os.write(send, json.dumps([(e.kind, e.path, e.times) for e in recorder.events]).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as pipe:
        text = pipe.read()
    return os.waitpid(pid, 0)[1], [tuple(event) for event in json.loads(text or "[]")]


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """The events, recorded in this process."""
    work_dir = tmp_path / "recorded"
    work_dir.mkdir()
    recorder = Recorder(work_dir)
    for module, names in ((os, ("fsync", "replace", "unlink", "remove")), (__import__("io"), ("open",))):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr("builtins.open", open)
    recorder.install()
    write_all(work_dir)
    return recorder.events


def test_every_write_in_the_folder_is_an_event_and_nothing_else(recorded):
    once = [("open", ".epoch_1.pth.tmp"), ("fsync", ".epoch_1.pth.tmp"), ("replace", "epoch_1.pth")]
    kinds = [(event.kind, event.path) for event in recorded]
    assert [kind for kind in kinds if kind[0] != "fsync" or kind[1] != ""] == [
        *once, *once, ("remove", "epoch_1.pth"), ("open", "scalars.json"),
    ]  # fmt: skip
    assert [event.times for event in recorded if event.kind == "replace"] == [0, 1]
    assert [event.number for event in recorded] == list(range(len(recorded)))


def test_a_process_dies_exactly_where_it_is_told(recorded, tmp_path):
    """What is on the disk after each of the moments of the second write."""
    found = {}
    for point in points_of(recorded):
        if point.event.times == (0 if point.event.kind in ("remove", "open") and "scalars" in point.event.path else 1):
            work_dir = tmp_path / f"killed_{point.event.number}_{point.stage}"
            work_dir.mkdir()
            assert forked(work_dir, point)[0] == 9
            temporary = next((p.stat().st_size for p in work_dir.glob(".*.tmp")), None)
            whole = (work_dir / "epoch_1.pth").read_text() if (work_dir / "epoch_1.pth").exists() else None
            found[point.event.kind, point.stage] = (temporary, whole)
            sweep_temporaries(work_dir)
            assert not list(work_dir.glob(".*.tmp"))
            if "scalars" in point.event.path:
                assert (work_dir / "scalars.json").read_text() == ("01234" if point.stage == "half" else "")
    assert found["fsync", "before"] == found["fsync", "after"] == (6, "first")
    assert found["replace", "before"] == (6, "first") and found["replace", "after"] == (None, "second")


def test_without_a_point_it_only_watches(tmp_path):
    (tmp_path / "run").mkdir()
    status, events = forked(tmp_path / "run")
    assert status == 0 and len(events) == 8


def test_every_kind_of_write_is_chosen_before_any_comes_again(recorded):
    every = points_of(recorded)
    chosen = choose(recorded, 6, random.Random(0))
    assert chosen == choose(recorded, 6, random.Random(0)) and len(chosen) == 6
    kinds = [(point.event.kind, point.event.path, point.stage) for point in chosen]
    assert len(set(kinds)) == 6
    assert sorted(map(str, choose(recorded, 1000, random.Random(0)))) == sorted(map(str, every))
    assert all(isinstance(point, Point) for point in chosen)


def test_differences_are_named_and_times_left_out():
    a = {"val": {"top1": 1.0, "seconds": 2.0}, "w": torch.ones(2), "x": [1, float("nan")], "gone": 1}
    b = {"val": {"top1": 2.0, "seconds": 3.0}, "w": torch.ones(2), "x": [1, float("nan")]}
    assert list(differing(a, b, "m")) == ["m.gone only in the reference", "m.val.top1: 1.0 became 2.0"]
    assert list(differing(torch.ones(2), torch.ones(3), "w")) and list(differing([1], [1, 2], "l"))


def test_a_run_that_left_a_temporary_file_and_lost_its_metrics_is_told(tmp_path):
    for name in ("reference", "run"):
        (tmp_path / name).mkdir()
        hub = {"runtime_info": {}, "log_scalars": {}}
        torch.save({"state_dict": {"w": torch.ones(1)}, "message_hub": hub}, tmp_path / name / "epoch_1.pth")
    (tmp_path / "reference" / "metrics.json").write_text("{}")
    assert not any(differences(tmp_path / "reference", tmp_path / "reference").values())
    (tmp_path / "run" / ".a.0123456789abcdef.tmp").write_text("half")
    lost = differences(tmp_path / "reference", tmp_path / "run")
    assert lost["metrics"] and len(lost["files"]) == 3 and not lost["weights"]


@pytest.mark.slow
def test_a_killed_fine_tuning_loses_nothing(tmp_path):
    pytest.importorskip("mmseg")
    command = [sys.executable, ROOT / "tools" / "dev" / "kill_campaign.py", "--methods", "fine-tuning", "--kills", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--json", tmp_path / "trials.json"], capture_output=True, text=True, timeout=600, env=environment
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    trials = json.loads((tmp_path / "trials.json").read_text())
    assert len(trials) == 2 and all(trial["killed"] and not trial["lost"] for trial in trials)
    assert "| fine-tuning | 2 | 2/2 |" in done.stdout
