"""How the scripts of ``tools/`` end: with an exit code, and one line after a user's mistake. Light to import."""

import os
import sys
from collections.abc import Callable


def run_command(command: Callable[[], object], interrupted: str = "interrupted") -> int:
    """Run ``command`` and give the exit code: 0; 2 after a user's mistake; 130 when interrupted.

    A mistake is explained in one line on stderr, see :func:`mimseg.apis.explain`; every other exception passes, and
    with MIMSEG_TRACEBACK=1 in the environment all do.

    Args:
        command: what to do.
        interrupted: what to say after Ctrl-C.
    """
    try:
        command()
    except KeyboardInterrupt:
        print(interrupted, file=sys.stderr)
        return 130
    except Exception as error:
        from .apis import explain  # heavy: not for --help

        line = explain(error)
        if line is None or os.environ.get("MIMSEG_TRACEBACK") == "1":
            raise
        print(f"error: {line}", file=sys.stderr)
        return 2
    return 0
