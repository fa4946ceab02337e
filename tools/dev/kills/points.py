"""Where a run can be killed: every write of its process, before, in the middle and after.

All of this lives in the forked child that is killed; the package knows nothing of it.
"""

import builtins
import io
import os
import random
import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IGNORED = re.compile(r"tfevents|\.log$")
"""Written by a thread, or line by line all the time: their moments are hit at random."""
STAGES = {
    "open": ("opened", "half"),
    "fsync": ("before", "after"),
    "replace": ("before", "after"),
    "remove": ("before", "after"),
}


@dataclass(frozen=True)
class Event:
    """Something that a run does to a file of its folder.

    Attributes:
        number: of the run's events, from 0.
        kind: ``open`` (to write), ``fsync``, ``replace`` or ``remove``.
        path: below the work folder, with numbers and random parts replaced.
        times: how often this happened before.
    """

    number: int
    kind: str
    path: str
    times: int


@dataclass(frozen=True)
class Point:
    """A moment to kill at: a stage of an event."""

    event: Event
    stage: str

    def __str__(self) -> str:
        return f"{self.event.kind} {self.event.path} ({self.stage}, event {self.event.number})"


class Recorder:
    """Counts what the process that made it does to the files of ``work_dir``, and kills it at ``point``.

    Args:
        work_dir: of the run.
        point: where to kill; None only records.
    """

    def __init__(self, work_dir: Path, point: Point | None = None) -> None:
        self.work_dir, self.point = str(work_dir.resolve()) + os.sep, point
        self.events: list[Event] = []
        self._process = os.getpid()

    def install(self) -> None:
        """Watch the functions by which files are written."""
        self._open = open
        builtins.open = io.open = self._watched_open  # type: ignore[assignment]
        for name, kind, place in (
            ("fsync", "fsync", 0),
            ("replace", "replace", 1),
            ("unlink", "remove", 0),
            ("remove", "remove", 0),
        ):
            setattr(os, name, self._watched(getattr(os, name), kind, place))

    def _watched(self, function: Callable[..., Any], kind: str, place: int) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            event = self._note(kind, arguments[place])
            self._kill(event, "before")
            result = function(*arguments, **options)
            self._kill(event, "after")
            return result

        return watched

    def _watched_open(self, file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        writes = any(letter in mode for letter in "wxa+")
        opened = self._open(file, mode, *arguments, **options)
        event = self._note("open", file) if writes else None
        self._kill(event, "opened")
        return HalfWriter(opened) if self._is_due(event, "half") else opened

    def _note(self, kind: str, file: Any) -> Event | None:
        path = os.readlink(f"/proc/self/fd/{file}") if isinstance(file, int) else os.path.realpath(os.fspath(file))
        path = os.fsdecode(path)
        if os.getpid() != self._process or not path.startswith(self.work_dir) or IGNORED.search(path):
            return None
        general = generalised(path.removeprefix(self.work_dir))
        times = sum((event.kind, event.path) == (kind, general) for event in self.events)
        self.events.append(Event(len(self.events), kind, general, times))
        return self.events[-1]

    def _is_due(self, event: Event | None, stage: str) -> bool:
        return event is not None and self.point is not None and (event, stage) == (self.point.event, self.point.stage)

    def _kill(self, event: Event | None, stage: str) -> None:
        if self._is_due(event, stage):
            kill_now()


class HalfWriter:
    """A file that writes half of what it is first given, and then kills the process."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def write(self, data: Any) -> None:
        """Never returns."""
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        kill_now()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def __enter__(self) -> "HalfWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def kill_now() -> None:
    """End this process as the kernel would when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def generalised(path: str) -> str:
    """A path of one run as it is in every run: without random parts and the folder of a start."""
    path = re.sub(r"\.[0-9a-f]{16}\.tmp", ".tmp", path)
    return re.sub(r"\d{8}_\d{6}", "START", path)


def points_of(events: Sequence[Event]) -> list[Point]:
    """All stages of all events."""
    return [Point(event, stage) for event in events for stage in STAGES[event.kind]]


def choose(events: Sequence[Event], number: int, generator: random.Random) -> list[Point]:
    """Some points, so that kinds of writes that a run makes once have the same chance as those it makes all the time.

    A kind is what is done, to which file (whatever its number), at which stage; each is taken once before any is taken
    again.
    """
    kinds: dict[tuple[str, str, str], list[Point]] = {}
    for point in points_of(events):
        kinds.setdefault((point.event.kind, re.sub(r"\d+", "#", point.event.path), point.stage), []).append(point)
    for points in kinds.values():
        generator.shuffle(points)
    chosen: list[Point] = []
    while len(chosen) < number and any(kinds.values()):
        turn = [points for points in kinds.values() if points]
        generator.shuffle(turn)
        chosen += [points.pop() for points in turn]
    return chosen[:number]
