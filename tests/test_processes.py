"""Who dies with whom, and who gets whose signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mimseg.processes import run

ROOT = Path(__file__).parents[1]
PARENT = """
import subprocess, sys, time
from mimseg.processes import start
child = start([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def gone(process: int, within: float = 20.0) -> bool:
    """Whether a process has ended, or ends soon; one that nobody has waited for counts."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_children_go_when_their_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert gone(child)


def test_signals_are_handed_on():
    before = signal.getsignal(signal.SIGTERM)
    script = f"import os, signal, time; os.kill({os.getpid()}, signal.SIGTERM); time.sleep(60)"
    assert run([sys.executable, "-c", script]) == (-signal.SIGTERM, signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    assert run([sys.executable, "-c", "raise SystemExit(3)"]) == (3, 0)
