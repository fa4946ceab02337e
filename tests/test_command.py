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


def test_a_bug_is_one_line_too_and_its_traceback_is_in_a_file(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("mimseg.apis.errors._log_of_the_run", lambda: None)
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
