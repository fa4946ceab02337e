"""Whatever is wrong with a config file is told in one line; modules of one's own are found beside it."""

import sys

import pytest

from mimseg.apis import load_config
from mimseg.apis.run.config_files import ConfigFileError


def complaint(path):
    with pytest.raises(ConfigFileError) as error:
        load_config(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = (\n", "line 2: '(' was never closed"),
        ("a = 1\nb = foo\n", "line 2: NameError: name 'foo' is not defined"),
        ("\n\nraise OSError('no disk')\n", "line 3: OSError: no disk"),
        ("raise SystemExit(0)\n", "line 1: SystemExit"),
        ("def f():\n    return f()\na = f()\n", "without end"),
        ("", "is empty"),
        ("_base_ = 7\n", "line 1: _base_ must be a file or a list of files, got 7"),
        ("_base_ = './none.py'\n", "its _base_ ./none.py does not exist"),
        ("_base_ = './a.py'\n", "goes round in a circle, a.py -> a.py"),
    ],
)
def test_the_line_of_what_is_wrong(tmp_path, text, line):
    (tmp_path / "a.py").write_text(text)
    told = complaint(tmp_path / "a.py")
    assert told.startswith(f"config {tmp_path / 'a.py'}")
    assert line in told


def test_the_file_of_what_is_wrong_is_that_of_the_base(tmp_path):
    (tmp_path / "a.py").write_text("_base_ = './b.py'\n")
    (tmp_path / "b.py").write_text("x = 1\ny = foo\n")
    assert f"config {tmp_path / 'b.py'}, line 2: NameError" in complaint(tmp_path / "a.py")


@pytest.mark.parametrize("content", [b"\x80\x02}q\x00.", b"\x89PNG\r\n\x1a\n\xff"])
def test_a_binary_file(tmp_path, content):
    (tmp_path / "a.py").write_bytes(content)
    assert "no text in UTF-8" in complaint(tmp_path / "a.py")


def test_config_and_checkpoint_swapped(tmp_path):
    (tmp_path / "epoch_1.pth").write_bytes(b"PK")
    assert "it looks like a checkpoint: the config comes first" in complaint(tmp_path / "epoch_1.pth")


def test_modules_are_found_beside_the_config(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "masks_of_mine_.py").write_text("loaded = True\n")
    (tmp_path / "a.py").write_text("custom_imports = dict(imports=['masks_of_mine_'])\n")
    load_config(tmp_path / "a.py")
    assert sys.modules.pop("masks_of_mine_").loaded
    assert sys.path[-1] == str(tmp_path)


def test_modules_that_cannot_be_imported(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "a.py").write_text("custom_imports = dict(imports=['no_such_module_'])\n")
    told = complaint(tmp_path / "a.py")
    assert "no_such_module_" in told
    assert "put the module beside the config, or its folder on PYTHONPATH" in told
