import os
import signal

import pytest

from mimseg.apis import load_config
from mimseg.command import run_command
from mimseg.engine import RunStopped

pytestmark = pytest.mark.usefixtures("default_signals")


def fail(error):
    raise error


def test_exit_codes_and_one_line(capsys):
    assert run_command(lambda: None) == 0
    assert run_command(lambda: load_config("configs/nothing.py")) == 2
    assert capsys.readouterr().err.startswith("error: config configs/nothing.py does not exist")
    assert run_command(lambda: fail(KeyboardInterrupt()), "stopped here") == 130
    assert capsys.readouterr().err == "stopped here\n"


def test_a_bug_is_one_line_too_and_its_traceback_is_in_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("mimseg.apis.run.errors._log_of_the_run", lambda: None)
    assert run_command(lambda: fail(RuntimeError("a bug"))) == 1
    (file,) = tmp_path.iterdir()
    assert capsys.readouterr().err == f"error: RuntimeError: a bug: this looks like a bug; its traceback is in {file}\n"
    assert "RuntimeError: a bug" in file.read_text()


def test_everything_passes_on_request(monkeypatch):
    monkeypatch.setenv("MIMSEG_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="a bug"):
        run_command(lambda: fail(RuntimeError("a bug")))
    with pytest.raises(FileNotFoundError):
        run_command(lambda: load_config("configs/nothing.py"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_have_exit_codes_of_their_own(capsys, number):
    before = signal.getsignal(number)
    assert run_command(lambda: os.kill(os.getpid(), number), "stopped here") == 128 + number
    assert capsys.readouterr().err == "stopped here\n"
    assert signal.getsignal(number) is before
    assert run_command(lambda: fail(RunStopped("stopped by SIGTERM: see iter_3.pth", signal.SIGTERM))) == 143
    assert capsys.readouterr().err == "stopped by SIGTERM: see iter_3.pth\n"


def test_of_several_processes_the_launcher_gathers_the_lines(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MIMSEG_LINES", str(tmp_path))
    monkeypatch.setenv("RANK", "1")
    assert run_command(lambda: fail(KeyboardInterrupt("name a\udcff"))) == 130
    assert (tmp_path / "1").read_text() == "name a\\udcff\n"
    assert capsys.readouterr().err == ""


def test_on_slurm_the_first_process_speaks_for_all(monkeypatch, capsys):
    monkeypatch.setenv("SLURM_NTASKS", "4")
    for process, said in (("0", "no such config\n"), ("3", "")):
        monkeypatch.setenv("SLURM_PROCID", process)
        assert run_command(lambda: fail(KeyboardInterrupt("no such config"))) == 130
        assert capsys.readouterr().err == said


class HalfBuilt:
    def __del__(self):
        raise AttributeError("as torch's loader does when it runs out of descriptors")


def test_nothing_follows_the_line(capsys):
    def command():
        half = HalfBuilt()
        half.itself = half
        raise OSError(24, "Too many open files")

    assert run_command(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: too many open files: raise the limit")
