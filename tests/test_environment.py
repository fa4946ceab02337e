"""tools/env/setup.sh says in one line what the machine lacks, before it installs anything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path):
    """A folder with what the set-up reads, and ``bin``, whose programs go before the machine's."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT / "tools" / "env", folder / "tools" / "env")
    for name in ("constraints.txt", "setup.cfg"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "bin").mkdir()
    return folder


def put_program(clone: Path, name: str, script: str) -> None:
    path = clone / "bin" / name
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def set_up(clone: Path, kind: str, **variables: str) -> str:
    """Run the set-up, which must fail without creating .venv; give its only line."""
    environment = os.environ | {
        "PATH": f"{clone / 'bin'}:{os.environ['PATH']}",
        "PYTHON": sys.executable,
        "XDG_CACHE_HOME": str(clone / "cache"),
        **variables,
    }
    command = ["bash", "tools/env/setup.sh", kind]
    result = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=280)
    assert result.returncode == 1
    assert not (clone / ".venv").exists()
    (line,) = (result.stdout + result.stderr).splitlines()
    return line


def test_missing_python(clone):
    line = set_up(clone, "demo", PYTHON="python3.99")
    assert "python3.99 is missing" in line and "PYTHON=" in line


def test_old_python(clone):
    put_program(clone, "oldpython", '[ "$1" = -V ] && echo "Python 3.9.2" && exit\nexit 1')
    assert "Python 3.9.2 is out of range" in set_up(clone, "demo", PYTHON="oldpython")


def test_python_without_ensurepip(clone):
    put_program(clone, "barepython", '[[ "$*" == *ensurepip* ]] && exit 1\nexit 0')
    line = set_up(clone, "demo", PYTHON="barepython")
    assert "ensurepip is missing" in line and "python3-venv" in line


def test_full_disk(clone):
    put_program(clone, "df", "echo header; echo disk 100 90 3145728 90% /")
    assert "3 GB are free here, the environment needs 8" in set_up(clone, "demo")


def test_missing_compiler(clone):
    for name in ("bash", "dirname", "cat", "cksum", "grep", "tr"):
        (clone / "bin" / name).symlink_to(shutil.which(name))
    line = set_up(clone, "test", PATH=str(clone / "bin"))
    assert "gcc is missing" in line and "build-essential" in line


def test_unknown_state(clone):
    assert "usage" in set_up(clone, "everything")
