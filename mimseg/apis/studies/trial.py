"""A step of a long experiment: a script run once in a folder of its own, and not again when it has finished."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ...checkpoints import write_atomically
from ...engine.stopping import RunStopped, stopped_by
from ...evaluation import read_metrics
from ...processes import run
from .run_record import numbers

RECORD_NAME = "stage.json"  # the name that folders of earlier studies have
LOG_NAME = "stage.log"
Launch = Callable[[Sequence[str], Path], int]


def launch_script(command: Sequence[str], log: Path) -> int:
    """Run a script in a process of its own, adding what it prints to a log; gives its exit code.

    Raises:
        RunStopped: a signal came, which was handed on; a training has written its checkpoint.
    """
    interpreter = [sys.executable] if command[0].endswith(".py") else []
    with open(log, "ab") as file:
        code, number = run([*interpreter, *command], stdout=file, stderr=subprocess.STDOUT)
    if number:
        raise RunStopped(f"{stopped_by(number)}: the same command goes on from here; the log is {log}", number)
    return code


def script(tools: Path, name: str, *positional: str, processes: int = 1) -> list[str]:
    """A script of ``tools/``, train or test, that runs in so many processes, and its first arguments."""
    if processes == 1:
        return [str(tools / f"{name}.py"), *positional]
    return [str(tools / f"dist_{name}.sh"), *positional, str(processes)]


@dataclass(frozen=True)
class Trial:
    """A run of ``tools/train.py`` or ``tools/test.py``.

    What it is for, and whether it has finished, is kept in ``stage.json`` of its folder.

    Attributes:
        folder: its work folder.
        settings: what its results depend on, as JSON can hold it.
    """

    folder: Path
    settings: dict[str, Any]

    def is_finished(self) -> bool:
        """Whether the folder holds this run, finished.

        Raises:
            ValueError: the folder holds a run with other settings.
        """
        path = self.folder / RECORD_NAME
        if not path.is_file():
            return False
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(record, dict) or not isinstance(record.get("settings"), dict) or "finished" not in record:
                raise ValueError("no settings, or not whether it finished")
        except (ValueError, RecursionError) as error:
            raise ValueError(
                f"{path} is no record of a trial ({error}); delete {self.folder} and start again"
            ) from None
        for key in sorted({*record["settings"], *self.settings}):
            there, asked = record["settings"].get(key), self.settings.get(key)
            if there != asked:
                raise ValueError(
                    f"{self.folder} was made with {key} {there}, asked for is {asked}: choose another folder, or "
                    "delete this one"
                )
        return bool(record["finished"])

    def run(self, command: Sequence[str], launch: Launch = launch_script) -> None:
        """Call a script, with this folder as its ``--work-dir``.

        Raises:
            ChildProcessError: it failed; gives its last line and names its log.
        """
        self._write_record(finished=False)
        log = self.folder / LOG_NAME
        code = launch([*command, "--work-dir", str(self.folder)], log)
        if code != 0:
            raise ChildProcessError(
                f"the run in {self.folder} ended with exit code {code} ({_last_line(log)}); its log is {log}, and the "
                "same command goes on from here"
            )
        self._write_record(finished=True)

    def metrics(self) -> dict[str, float]:
        """The numbers of ``metrics.json``, by their keys joined with ``/``."""
        return dict(numbers(read_metrics(self.folder)))

    def _write_record(self, finished: bool) -> None:
        record = {"settings": self.settings, "finished": finished}
        write_atomically(self.folder / RECORD_NAME, (json.dumps(record, indent=2) + "\n").encode())


def choose_metric(measured: Mapping[Path, Mapping[str, float]], asked: str | None, defaults: Sequence[str]) -> str:
    """The name of the metric by which runs are compared.

    Args:
        measured: the metrics of each run, by its folder.
        asked: what a user asked for.
        defaults: else the first of these that all runs have.

    Raises:
        ValueError: a run does not have what was asked for, or there is none in common.
    """
    if asked is None:
        for name in defaults:
            if all(name in metrics for metrics in measured.values()):
                return name
        known = sorted(set.intersection(*(set(metrics) for metrics in measured.values())))
        raise ValueError(f"--metric is needed: the runs have in common {', '.join(known) or 'none'}")
    for folder, metrics in measured.items():
        if asked not in metrics:
            close = get_close_matches(asked, metrics, 1, 0.0)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"--metric {asked}: {folder} does not have it{hint}")
    return asked


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
