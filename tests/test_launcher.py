"""N processes end as one: one line, one exit code, signals for all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mimseg import launcher
from mimseg.launcher import Launch
from mimseg.processes import LOST_PEER

pytestmark = pytest.mark.usefixtures("default_signals")
ROOT = Path(__file__).parents[1]
BEGIN = """
import os, signal, sys, time
from mimseg.command import run_command
rank = int(os.environ["RANK"])
"""


@pytest.fixture
def launch(tmp_path, monkeypatch, capsys):
    """Run Python code in three processes; gives exit code and lines."""
    monkeypatch.setattr(launcher, "SETTLE", 0.3)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(code, grace=20.0):
        script = tmp_path / "script.py"
        script.write_text(BEGIN + code)
        environments = [{"RANK": str(rank)} for rank in range(3)]
        return Launch([sys.executable, str(script)], environments, grace).run(), capsys.readouterr().err.splitlines()

    return run


def test_all_well(launch):
    assert launch("sys.exit(run_command(lambda: None))") == (0, [])


def test_what_all_say_is_said_once(launch):
    assert launch("""
def stop():
    raise KeyboardInterrupt("no such config")
sys.exit(run_command(stop))
""") == (130, ["no such config"])


def test_what_one_says_names_it_and_those_it_took_along_are_silent(launch):
    assert launch(f"""
def stop():
    if rank == 1:
        raise KeyboardInterrupt("disk full")
    time.sleep(0.1)
    raise KeyboardInterrupt("error: {LOST_PEER}")
sys.exit(run_command(stop))
""") == (130, ["disk full (process 1 of 3)"])


def test_a_killed_process_is_named_and_the_others_end(launch):
    start = time.monotonic()
    code, lines = launch("""
if rank == 2:
    os.kill(os.getpid(), signal.SIGKILL)
time.sleep(60)
""")
    assert (code, len(lines)) == (137, 1)
    assert lines[0].startswith("error: process 2 was ended by SIGKILL (was the memory full?")
    assert time.monotonic() - start < 20


def test_one_that_hangs_when_another_has_failed_is_killed(launch, monkeypatch):
    monkeypatch.setattr(launcher, "KILL", 0.3)
    code, lines = launch("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if rank == 0:
    time.sleep(0.5)
    sys.exit(7)
time.sleep(60)
""")
    assert (code, lines) == (7, ["error: process 0 ended with exit code 7; what it said stands above"])


def test_one_that_hangs_is_killed_and_the_line_of_those_that_waited_stands(launch, monkeypatch):
    monkeypatch.setattr(launcher, "KILL", 0.3)
    code, lines = launch(f"""
if rank == 1:
    os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(0.2)
def lost():
    raise KeyboardInterrupt("error: {LOST_PEER}: see it")
sys.exit(run_command(lost))
""")
    assert (code, lines) == (130, [f"error: {LOST_PEER}: see it (process 0, 2 of 3)"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_all_and_exit_codes_stay(tmp_path, number):
    """The signal goes to the launcher alone, as with kill and, since the others have sessions of their own, Ctrl-C."""
    script = tmp_path / "script.py"
    script.write_text(
        BEGIN
        + f"""
def stop(number, frame):
    open(os.path.join({str(tmp_path)!r}, f"stopped_{{rank}}"), "w")
    sys.exit(128 + number)
signal.signal({int(number)}, stop)
os.write(1, b"up\\n")
time.sleep(60)
"""
    )
    command = [sys.executable, str(ROOT / "tools" / "launch.py"), "--processes=2", str(script)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    up = [run.stdout.readline() for _ in range(2)]
    run.send_signal(number)
    errors = run.communicate(timeout=60)[1]
    assert up == ["up\n", "up\n"], errors
    assert run.returncode == 128 + number
    assert sorted(path.name for path in tmp_path.glob("stopped_*")) == ["stopped_0", "stopped_1"]
