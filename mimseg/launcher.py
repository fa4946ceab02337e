"""Starts the processes of a run on this machine, and ends with one line where they do. Light to import."""

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .processes import LINES_VARIABLE, LOST_PEER, handling, send, start

SETTLE = 5.0  # seconds in which processes end by themselves after one has failed
KILL = 30.0  # seconds from asking them to end to killing them
HINTS = {signal.SIGKILL: " (was the memory full? The kernel's log tells)", signal.SIGBUS: " (is /dev/shm full?)"}


class Launch:
    """Processes that run the same script as ranks of one run.

    Each writes the line that it ends with into a shared folder, see :func:`mimseg.command.run_command`; those that say
    something different are printed, and the exit code is that of the first process that failed by itself. When one
    fails, the others are asked to end after :data:`SETTLE` seconds and killed after :data:`KILL` more. Signals are
    handed on, and get as long as ``grace``; a third one kills.

    Args:
        command: interpreter, script and arguments.
        environments: of the processes in addition to this one's; ``RANK`` among them.
        grace: seconds that the processes get after a signal.
    """

    def __init__(self, command: Sequence[str], environments: Sequence[Mapping[str, str]], grace: float) -> None:
        self.command, self.environments, self.grace = command, environments, grace
        self.children: list[subprocess.Popen[bytes]] = []
        self.codes: dict[int, int] = {}  # by place, in the order in which they ended
        self.signals: list[int] = []
        self._deadline: float | None = None
        self._ended: queue.SimpleQueue[tuple[int, int] | None] = queue.SimpleQueue()

    def run(self) -> int:
        """Run all to their end, print what is to be said, and give the exit code."""
        with tempfile.TemporaryDirectory(prefix="mimseg-") as folder:
            with handling(self._hand_on):
                self._start(folder)
                self._wait()
            return self._report(Path(folder))

    def _start(self, folder: str) -> None:
        for place, environment in enumerate(self.environments):
            child = start(self.command, env={**os.environ, **environment, LINES_VARIABLE: folder})
            self.children.append(child)
            threading.Thread(target=self._wait_for, args=(place, child), daemon=True).start()
        for number in self.signals[:1]:  # one that came before all had started
            self._send(number)

    def _wait_for(self, place: int, child: subprocess.Popen[bytes]) -> None:
        self._ended.put((place, child.wait()))

    def _wait(self) -> None:
        asked = False
        while len(self.codes) < len(self.children):
            left = None if self._deadline is None else max(self._deadline - time.monotonic(), 0.0)
            try:
                news = self._ended.get(timeout=left)
            except queue.Empty:
                self._send(signal.SIGKILL if asked or self.signals else signal.SIGTERM)
                asked, self._deadline = True, time.monotonic() + KILL
                continue
            if news is None:  # a signal came, and with it a deadline
                continue
            place, code = news
            self.codes[place] = code
            if code != 0 and self._deadline is None:
                self._deadline = time.monotonic() + SETTLE

    def _hand_on(self, number: int) -> None:
        self.signals.append(number)
        if self._deadline is None or len(self.signals) == 1:
            self._deadline = time.monotonic() + self.grace
        self._send(signal.SIGKILL if len(self.signals) > 2 else number)
        self._ended.put(None)

    def _send(self, number: int) -> None:
        for child in self.children:
            send(child, number)

    def _report(self, folder: Path) -> int:
        failed = [place for place, code in self.codes.items() if code != 0]
        if not failed:
            return 0
        lines = {place: self._line(folder, place) for place in failed}
        spoke = [place for place in failed if not self._killed_here(place)]
        chosen = [place for place in spoke if LOST_PEER not in lines[place]] or spoke
        for line in dict.fromkeys(lines[place] for place in chosen):
            ranks = sorted(int(self.environments[place]["RANK"]) for place in chosen if lines[place] == line)
            everywhere = len(ranks) == len(self.children) or line.startswith("error: process ")
            of = "" if everywhere else f" (process {', '.join(map(str, ranks))} of {len(self.children)})"
            print(line + of, file=sys.stderr)
        code = self.codes[chosen[0]]
        return code if code > 0 else 128 - code

    def _killed_here(self, place: int) -> bool:
        """Whether a process was ended by this one, after another had failed."""
        first = next(place for place, code in self.codes.items() if code != 0)
        return self.codes[place] in (-signal.SIGTERM, -signal.SIGKILL) and place != first

    def _line(self, folder: Path, place: int) -> str:
        """What a process said, or else how it ended."""
        rank, code = self.environments[place]["RANK"], self.codes[place]
        try:
            return (folder / rank).read_text(encoding="utf-8").rstrip("\n")
        except FileNotFoundError:
            pass
        if code > 0:
            return f"error: process {rank} ended with exit code {code}; what it said stands above"
        number = signal.Signals(-code)
        if self.signals:
            return f"stopped by {number.name} before it could go on: --resume goes on from the last checkpoint"
        return f"error: process {rank} was ended by {number.name}{HINTS.get(number, '')}; --resume goes on"
