"""Runs commands of tools/ in forked children of one process that has imported everything: tenths of a second each.

Reads one JSON object a line, {"argv": [...], "cwd": ..., "limit": seconds}; answers {"code", "stdout", "stderr"}.
"""

import importlib.util
import json
import os
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

TIMED_OUT = 124


def call_main(argv: list[str]) -> int:
    """The exit code of a script's ``main()``, as the interpreter would give it."""
    sys.argv = list(argv)
    try:
        spec = importlib.util.spec_from_file_location("tool", argv[0])
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.main() or 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1


def run_forked(argv: list[str], cwd: str, limit: int) -> dict:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.chdir(cwd)
            signal.alarm(limit)  # ends the child alone; workers follow when it is gone
            code = call_main(argv)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the child started
        code = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return {"code": TIMED_OUT if code == -signal.SIGALRM else code, "stdout": texts[0], "stderr": texts[1]}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what imports print is no answer
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import mimseg.apis.inference.export
    import mimseg.benchmark  # noqa: F401
    from mimseg.quiet import quiet_imports

    with quiet_imports():  # what most runs import on their way
        import mmpretrain.datasets
        import mmpretrain.evaluation
        import mmpretrain.models  # noqa: F401

    for line in sys.stdin:
        answers.write(json.dumps(run_forked(**json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
