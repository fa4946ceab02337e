"""The launch scripts for tests, against stand-ins that print their arguments."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    """Run a script of ``tools/`` with a stand-in for ``srun`` and for the Python interpreter."""
    for name in ("srun", "python"):
        stand_in = tmp_path / name
        stand_in.write_text('#!/bin/sh\n[ "$1" = -c ] && echo 4 || printf "%s\\n" "$@"\n')
        stand_in.chmod(0o755)

    def call(script, *arguments, **environment):
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHON": str(tmp_path / "python"), **environment}
        return subprocess.run(
            [ROOT / "tools" / script, *arguments], capture_output=True, text=True, timeout=280, env=environment
        )

    return call


def test_slurm(run):
    words = run("slurm_test.sh", "gpu", "knn", "c.py", "x.pth", "16", "--weights", "ema", GPUS_PER_NODE="4")
    words = words.stdout.split()
    assert words[:6] == ["-p", "gpu", "--job-name=knn", "--ntasks=16", "--ntasks-per-node=4", "--gres=gpu:4"]
    assert words[-7:] == [f"{ROOT}/tools/test.py", "c.py", "x.pth", "--launcher", "slurm", "--weights", "ema"]
    words = run("slurm_test.sh", "gpu", "knn", "c.py", "x.pth", "--weights", "ema").stdout.split()
    assert "--ntasks=8" in words
    assert words[-2:] == ["--weights", "ema"]
    words = run("slurm_test.sh", "cpu", "knn", "c.py", "x.pth", "2", GPUS_PER_NODE="0").stdout.split()
    assert "--ntasks-per-node=2" in words
    assert not any(word.startswith("--gres") for word in words)


def test_several_processes_here(run):
    for words in (
        run("dist_test.sh", "c.py", "x.pth", "3", "--weights", "ema").stdout.split(),
        run("test.sh", "c.py", "x.pth", "3", "--weights", "ema").stdout.split(),
    ):
        assert words[0] == f"{ROOT}/tools/launch.py"
        assert {"--nodes=1", "--processes=3", "--master-port=4", "--grace=600"} <= set(words)
        assert words[-7:] == [f"{ROOT}/tools/test.py", "c.py", "x.pth", "--launcher", "pytorch", "--weights", "ema"]
    words = run("dist_test.sh", "c.py", "x.pth", "3", NNODES="2", NODE_RANK="1", MASTER_ADDR="first").stdout.split()
    assert {"--nodes=2", "--node-rank=1", "--master-addr=first", "--master-port=29500"} <= set(words)


@pytest.mark.parametrize("number", [[], ["1"]])
def test_one_process(run, number):
    words = run("test.sh", "c.py", "x.pth", *number, "--weights", "ema").stdout.split()
    assert words == [f"{ROOT}/tools/test.py", "c.py", "x.pth", "--weights", "ema"]
    assert run("test.sh", "c.py", "x.pth", *number).stdout.split() == [f"{ROOT}/tools/test.py", "c.py", "x.pth"]


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("test.sh", ["c.py"]),
        ("dist_test.sh", ["c.py", "x.pth"]),
        ("dist_test.sh", ["c.py", "x.pth", "many"]),
        ("slurm_test.sh", ["gpu", "job", "c.py"]),
        ("dist_train.sh", ["c.py", "0"]),
        ("slurm_train.sh", ["gpu"]),
    ],
)
def test_missing_arguments_show_the_usage(run, script, arguments):
    done = run(script, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: tools/{script} ")
    assert not done.stdout


@pytest.mark.parametrize(
    "script",
    ["demo.sh", "demo_transfer.sh", "dist_test.sh", "dist_train.sh", "slurm_test.sh", "slurm_train.sh", "test.sh"],
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_prints_usage_and_does_nothing(run, script, option):
    shown = run(script, option)
    assert shown.returncode == 0
    assert f"tools/{script}" in shown.stdout
    assert "[mimseg]" not in shown.stdout  # what the demos say while they work
    assert "set -euo" not in shown.stdout


@pytest.mark.parametrize("script", ["demo.sh", "demo_transfer.sh"])
def test_a_demo_takes_no_arguments(run, script):
    refused = run(script, "--data", "photos")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"{script} takes no arguments, got --data photos")
    assert refused.stdout == ""
