"""What ``tools/train.py`` tells its user."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.logging import MessageHub, MMLogger

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "hpm" / "vitb_200e.py"


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command in this process; gives exit code and stderr."""
    spec = importlib.util.spec_from_file_location("tools_train_command", ROOT / "tools" / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["train.py", *map(str, arguments)])
        monkeypatch.delenv("MIMSEG_TRACEBACK", raising=False)
        for manager in (MMLogger, MessageHub):  # an earlier run's logger writes to a stream that is closed
            manager._instance_dict.clear()
        code = module.main()
        return code, capsys.readouterr().err

    run.module = module
    return run


def test_help_answers_without_importing_anything_heavy():
    code = (
        "import runpy, sys\n"
        "sys.argv = ['train.py', '--help']\n"
        "try: runpy.run_path(r'{script}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted({'torch', 'mmengine', 'numpy'} & sys.modules.keys()))\n"
    ).replace("{script}", str(ROOT / "tools" / "train.py"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.stdout.splitlines()[-1] == "0 []"
    for option in (
        "--work-dir",
        "--resume",
        "--init",
        "--amp",
        "--data",
        "--cfg-options",
        "--seed",
        "--trust-checkpoint",
    ):
        assert option in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([CONFIG.with_name("vitb_20e.py")], "does not exist; did you mean "),
        ([CONFIG, "--cfg-options", "optim_wraper.precision=fp32"], "did you mean optim_wrapper?"),
        ([CONFIG, "--cfg-options", "schedule.epoch=3"], "did you mean schedule.epochs?"),
        ([CONFIG, "--data", "/no/such/folder"], "--data /no/such/folder: there is no such folder"),
        (
            [CONFIG, "--cfg-options", "model.encoder.type=SparseVit"],
            "SparseVit is not in the mimseg::model registry",
        ),
        (
            [CONFIG, "--cfg-options", "model.encoder.patchsize=8"],
            "patchsize is no argument of SparseViT; did you mean patch_size?",
        ),
        ([CONFIG, "--resume", "/no/such.pth", "--cfg-options", "model.encoder.arch=micro"], "/no/such.pth"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(command, tmp_path, arguments, complaint):
    images = tmp_path / "images"
    images.mkdir()
    if "--resume" in arguments:  # gets as far as the data
        import cv2
        import numpy as np

        for index in range(4):
            cv2.imwrite(str(images / f"{index}.png"), np.zeros((8, 8, 3), np.uint8))
        arguments = [*arguments, "train_dataloader.batch_size=2", "train_dataloader.num_workers=0",
                     "train_dataloader.persistent_workers=False", "--data", images]  # fmt: skip
    code, errors = command(*arguments, "--work-dir", tmp_path / "run")
    assert code == 2
    last = errors.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert complaint in last
    assert "Traceback" not in errors


def test_a_traceback_on_request_and_for_bugs(command, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "/no/config.py"])
    monkeypatch.setenv("MIMSEG_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        command.module.main()
    monkeypatch.delenv("MIMSEG_TRACEBACK")

    def bug(args):
        raise ZeroDivisionError

    monkeypatch.setattr(command.module, "train", bug)
    code, errors = command(CONFIG)
    assert code == 1
    assert errors.count("\n") == 1
    assert errors.startswith("error: ZeroDivisionError: ")


def test_an_interrupted_run_says_how_to_go_on(command, monkeypatch):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(command.module, "train", interrupted)
    code, errors = command(CONFIG)
    assert code == 130
    assert errors.startswith("interrupted before the first step: the same command starts again, with --resume from")


def test_slurm_script_passes_on_what_it_is_given(tmp_path):
    """Against a stand-in for srun that prints its arguments."""
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    script = ROOT / "tools" / "slurm_train.sh"

    def run(*arguments, **environment):
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", **environment}
        return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=280, env=environment)

    words = run("gpu", "hpm", "configs/hpm/vitb_200e.py", "16", "--amp", GPUS_PER_NODE="4").stdout.split()
    assert words[:6] == ["-p", "gpu", "--job-name=hpm", "--ntasks=16", "--ntasks-per-node=4", "--gres=gpu:4"]
    assert words[-4:] == ["configs/hpm/vitb_200e.py", "--launcher", "slurm", "--amp"]
    words = run("cpu", "hpm", "configs/hpm/vitb_200e.py", "2", GPUS_PER_NODE="0").stdout.split()
    assert "--ntasks-per-node=2" in words
    assert not any(word.startswith("--gres") for word in words)
    assert run("gpu").returncode == 2
