"""What ``tools/analysis/grid_search.py`` writes and tells its user, with stand-ins for the runs."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "analysis" / "grid_search.py"
FINETUNE = str(ROOT / "configs/finetune/cifar10_vit-micro.py")
TOP1 = {("0.0002", "0.65"): 30.0, ("0.001", "0.65"): 42.0, ("0.0002", "0.75"): 31.5, ("0.001", "0.75"): 40.0}


@pytest.fixture
def runs(monkeypatch):
    """Stand-ins for the processes; ``fail`` holds the name of a work folder whose run fails once."""
    called, fail = [], []

    def run(words, stdout, stderr):
        work_dir = Path(words[words.index("--work-dir") + 1])
        called.append(work_dir.name)
        if work_dir.name in fail:
            fail.remove(work_dir.name)
            stdout.write(b"error: disk full\n")
            return 7, 0
        lr, decay = work_dir.name.removeprefix("lr").split("_decay")
        (work_dir / "metrics.json").write_text(json.dumps({"val": {"end": {"accuracy/top1": TOP1[lr, decay]}}}))
        return 0, 0

    monkeypatch.setattr("mimseg.apis.studies.trial.run", run)
    return SimpleNamespace(called=called, fail=fail)


@pytest.fixture
def arguments(tmp_path):
    (tmp_path / "init.pth").touch()
    return (
        FINETUNE, "--init", tmp_path / "init.pth", "--lr", 1e-3, 2e-4, "--layer-decay", 0.75, 0.65,
        "--out", tmp_path / "out",
    )  # fmt: skip


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['grid_search.py', '--help']\n"
        f"try: runpy.run_path(r'{SCRIPT}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy', 'matplotlib'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_a_table_a_heat_map_and_data(command, runs, arguments, tmp_path):
    code, out, errors = command(*arguments)
    assert code == 0 and len(runs.called) == 4
    assert errors.splitlines() == [
        "note: the best learning rate is at the border of the grid; add a value beyond it",
        "note: the best layer decay is at the border of the grid; add a value beyond it",
    ]
    folder = tmp_path / "out"
    record = json.loads((folder / "grid.json").read_text())
    assert record["best"] == {"lr": 1e-3, "layer_decay": 0.65, "value": 42.0}
    assert record["metric"] == "val/end/accuracy/top1" and record["missing"] == []
    assert {(str(run["lr"]), str(run["layer_decay"])): run["value"] for run in record["runs"]} == TOP1
    assert (folder / "table.md").read_text().splitlines() == [
        "val/end/accuracy/top1:",
        "",
        "| layer decay | lr 0.0002 | lr 0.001 |",
        "| --: | --: | --: |",
        "| 0.65 | 30.00 | **42.00** |",
        "| 0.75 | 31.50 | 40.00 |",
    ]
    assert "42.00*" in out and "best: lr 0.001, layer decay 0.65, val/end/accuracy/top1 42.00" in out
    assert min(np.asarray(Image.open(folder / "heat_map.png")).shape[:2]) > 300


def test_a_failed_run_is_named_and_what_has_finished_can_be_collected(command, runs, arguments, tmp_path):
    runs.fail.append("lr0.0002_decay0.75")
    code, _, errors = command(*arguments)
    assert code == 2 and errors.count("\n") == 1 and "(error: disk full)" in errors
    assert len(runs.called) == 3 and not (tmp_path / "out" / "grid.json").exists()
    code, _, errors = command(*arguments, "--collect-only")
    assert code == 0 and len(runs.called) == 3
    assert errors.splitlines()[:2] == [
        "not finished: lr 0.0002, layer decay 0.75; the best may change with it",
        "not finished: lr 0.001, layer decay 0.75; the best may change with it",
    ]
    assert "| 0.75 | - | - |" in (tmp_path / "out" / "table.md").read_text()
    assert command(*arguments)[0] == 0
    assert runs.called[3:] == ["lr0.0002_decay0.75", "lr0.001_decay0.75"]


def test_mistakes_are_one_line_and_exit_code_2(command, runs, arguments):
    for options, line in (
        (("--lr", 0), "argument --lr: must be above 0 and finite, got 0"),
        (("--init", "lost.pth"), "no checkpoint at lost.pth"),
        (("--cfg-options", "optim_wrapper.paramwise_cfg=None"), "has no optim_wrapper.paramwise_cfg.layer_decay"),
        (("--processes", 0), "--processes: must be at least 1, got 0"),
    ):
        code, _, errors = command(*arguments, *options)
        assert code == 2 and line in errors.splitlines()[-1]
    assert not runs.called
