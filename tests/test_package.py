"""The package as a whole: light to import, quiet, and with every part importable."""

import io
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from mimseg.quiet import quiet_imports


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)


def test_importing_the_package_is_light():
    code = "import mimseg, sys; print(sorted({'torch', 'mmengine', 'numpy'} & set(sys.modules)))"
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"


def test_every_module_imports_without_noise():
    code = (
        "import importlib, pkgutil, mimseg\n"
        "for module in pkgutil.walk_packages(mimseg.__path__, 'mimseg.'):\n"
        "    importlib.import_module(module.name)\n"
        "print('all imported')\n"
    )
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "all imported\n"
    assert "Could not import" not in result.stderr


def printed(*texts: str) -> str:
    """What reaches standard output of ``texts`` written one after another under ``quiet_imports``."""
    out = io.StringIO()
    with redirect_stdout(out), quiet_imports():
        for text in texts:
            sys.stdout.write(text)
    return out.getvalue()


@pytest.mark.parametrize(
    "texts",
    [
        ("Could not import OneDL\n",),
        ("Could not import OneDL", "\n"),  # as print() writes it
        ("Could not ", "import OneDL\n"),
        ("Could not import OneDL. Skipping OneDL datasets.", "\n"),
    ],
)
def test_the_noise_is_dropped(texts):
    assert printed("before\n", *texts, "after\n") == "before\nafter\n"


@pytest.mark.parametrize(
    "texts",
    [
        ("Could not import OneDLX\n",),
        ("Could not import numpy\n",),
        ("error: Could not import OneDL\n",),
        ("Could not import OneDL", " because of a syntax error\n"),
        ("one\n\n", "two"),
        ("Could not",),
    ],
)
def test_everything_else_passes(texts):
    assert printed(*texts) == "".join(texts)


def test_standard_output_comes_back_after_an_error():
    out = io.StringIO()
    with redirect_stdout(out):
        with pytest.raises(ImportError), quiet_imports():
            print("half a line", end="")
            raise ImportError("broken")
        assert sys.stdout is out
    assert out.getvalue() == "half a line"
