import pytest

from mimseg.apis import load_config
from mimseg.command import run_command


def fail(error):
    raise error


def test_exit_codes_and_one_line(capsys):
    assert run_command(lambda: None) == 0
    assert run_command(lambda: load_config("configs/nothing.py")) == 2
    assert capsys.readouterr().err.startswith("error: config configs/nothing.py does not exist")
    assert run_command(lambda: fail(KeyboardInterrupt()), "stopped here") == 130
    assert capsys.readouterr().err == "stopped here\n"


def test_bugs_pass_and_so_does_everything_on_request(monkeypatch):
    with pytest.raises(RuntimeError, match="a bug"):
        run_command(lambda: fail(RuntimeError("a bug")))
    monkeypatch.setenv("MIMSEG_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        run_command(lambda: load_config("configs/nothing.py"))
