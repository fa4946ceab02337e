import importlib.util
import sys

import pytest


@pytest.fixture
def command(request, monkeypatch, capsys):
    """Run the test module's ``SCRIPT`` in this process; gives exit code, stdout and stderr."""
    script = request.module.SCRIPT
    spec = importlib.util.spec_from_file_location(f"tools_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", [script.name, *map(str, arguments)])
        monkeypatch.delenv("MIMSEG_TRACEBACK", raising=False)
        try:
            code = module.main()
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run
