"""One run that is killed, resumed until it is finished, and compared."""

import random
import shutil
import signal
import time
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from .children import Outcome, _kill, left_over, start
from .compare import ASPECTS, differences
from .methods import Method
from .points import Event, Point, choose

ATTEMPTS = 4
MOMENTS = (1.0, 0.6, 0.3)
"""Shares of a kill's moment that are tried until the run is not over by then."""
GRACE = 6.0
"""Seconds in which worker processes may notice that the run is gone."""


@dataclass(frozen=True)
class Plan:
    """A trial to come.

    Attributes:
        method: its name.
        number: of the trial.
        point: a write to kill at; None for a moment.
        after: that moment, in seconds.
        again: seconds after which the resumed run is killed once more, or None.
        victims: ranks that are killed.
    """

    method: str
    number: int
    point: Point | None
    after: float | None
    again: float | None
    victims: tuple[int, ...]

    def __str__(self) -> str:
        first = str(self.point) if self.point else f"after {self.after:.1f} s"
        return first + (f", and {self.again:.1f} s after the resume" if self.again else "")


@dataclass
class Result:
    """What came of it.

    Attributes:
        method: its name.
        kill: where it was killed.
        killed: whether it was killed at all before its end.
        error: how the last resume failed, if it did.
        different: what differs, by aspect.
        workers: processes that outlived the run.
        seconds: the whole trial took.
    """

    method: str
    kill: str
    killed: bool
    error: str = ""
    different: dict[str, list[str]] = field(default_factory=dict)
    workers: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> list[str]:
        """Aspects in which the run is not as it would have been."""
        if self.error:
            return [*ASPECTS]
        return [aspect for aspect, found in self.different.items() if found] + ["workers"] * bool(self.workers)

    @property
    def details(self) -> list[str]:
        """What went wrong, a line each."""
        return [self.error] * bool(self.error) + list(chain.from_iterable(self.different.values()))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "lost": self.lost}


def make_plans(
    name: str, method: Method, events: list[Event], seconds: float, kills: int, generator: random.Random
) -> list[Plan]:
    """A third of the kills at random moments, the others at writes; every fourth resumed run is killed again."""
    moments = kills // 3
    places: list[Point | None] = [*choose(events, kills - moments, generator)]
    plans = []
    for number, point in enumerate(places + [None] * (kills - len(places))):
        after = None if point else generator.uniform(0.1, 1.0) * seconds
        again = generator.uniform(0.2, 0.8) * seconds if number % 4 == 3 else None
        everyone = tuple(range(method.processes))
        victims = everyone if generator.random() < 0.5 else (generator.choice(everyone),)
        plans.append(Plan(name, number, point, after, again, victims))
    return plans


def run_trial(place: Path, method: Method, plan: Plan) -> Result:
    """Kill, resume, compare."""
    began = time.monotonic()
    folder = place / plan.method
    work_dir, log = folder / f"killed_{plan.number}", folder / f"killed_{plan.number}.txt"
    command = [str(folder / "config.py"), "--work-dir", str(work_dir), "--resume"]

    def train(**options: Any) -> Outcome:
        time.sleep(1.0 - time.time() % 1.0)  # MMEngine names the folder of a start by the second
        return start(place, command, work_dir, log, method.processes, **options)

    for share in MOMENTS if plan.after else MOMENTS[:1]:
        shutil.rmtree(work_dir, ignore_errors=True)
        log.unlink(missing_ok=True)
        after = plan.after and plan.after * share
        outcomes = [train(point=plan.point, after=after, victims=plan.victims)]
        if outcomes[0].code != 0:
            break
    result = Result(plan.method, str(plan), outcomes[0].code not in (0, None, 1, 2))
    if plan.again is not None and result.killed:
        outcomes.append(train(after=plan.again, victims=plan.victims))
    while outcomes[-1].code != 0 and len(outcomes) < ATTEMPTS:
        outcomes.append(train())
        if outcomes[-1].code not in (0, -signal.SIGKILL):
            break
    if outcomes[-1].code != 0:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or [""]
        result.error = f"exit {outcomes[-1].code}: {last[0][:200]} ({log})"
    else:
        result.different = differences(folder / "reference", work_dir)
    result.workers = _count_left(outcomes)
    result.seconds = time.monotonic() - began
    if not result.lost:
        shutil.rmtree(work_dir)
        log.unlink()
    return result


def _count_left(outcomes: list[Outcome]) -> int:
    """Processes that outlived their run, which are ended."""
    sessions = [session for outcome in outcomes for session in outcome.sessions]
    if left_over(sessions):
        time.sleep(GRACE)
    left = left_over(sessions)
    for pid in left:
        _kill(pid)
    return len(left)
