"""Schedules of a resumed run: those of its config, moved to where the run is."""

import math
from collections.abc import Sequence
from typing import Any

from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from mmengine.runner import Runner

from ..loop import PretrainLoop
from ..schedule import WarmupLR
from .checker import FIRST_CONFIG, Checker, show
from .progress import Counters, Place

POSITIONS = ("_global_step", "last_step", "epochs_done", "iterations_done")


def check_schedules(
    checker: Checker, saved: Any, counters: Counters, schedulers: Sequence[Any], unchanged: bool
) -> None:
    """Look whether the schedules' states are those of a run that is where the counters say.

    Nothing of them is taken, since the config and the place in the run say all; a file without them, or with others, is
    not one that a run has written.

    Args:
        checker: of the file.
        saved: the states.
        counters: of the file.
        schedulers: of this run.
        unchanged: whether its schedules are known to be the same as when the file was written.

    Raises:
        ValueError: missing, of a wrong kind or number, or of another iteration; a schedule that follows measurements,
            as ``ReduceOnPlateauLR``, whose place cannot be told.
    """
    states = [
        checker.mapping(state, f"param_schedulers[{index}]")
        for index, state in enumerate(checker.sequence(saved, "param_schedulers"))
    ]
    for scheduler in schedulers:
        if getattr(scheduler, "need_val_args", False):
            checker.refuse(
                f"{type(scheduler).__name__} follows measurements, which a resume cannot repeat",
                "use a schedule that follows epochs or iterations",
            )
    if len(states) != len(schedulers) and unchanged:
        checker.refuse(f"param_schedulers has {len(states)} states, this run {len(schedulers)} schedules")
    for index, state in enumerate(states):
        _check_state(checker, state, f"param_schedulers[{index}]", counters)
    if unchanged:
        for index, (state, scheduler) in enumerate(zip(states, schedulers, strict=True)):
            _compare(checker, state, scheduler.state_dict(), f"param_schedulers[{index}]")


def _check_state(checker: Checker, state: dict[str, Any], name: str, counters: Counters) -> None:
    for key in POSITIONS:
        if key in state:
            checker.whole(state[key], f"{name}.{key}", -1, max(counters.iteration, counters.epoch))
    if type(state.get("by_epoch")) is not bool:
        checker.refuse(f"{name}.by_epoch is {show(state.get('by_epoch'))}, not True or False")
    if "epochs_done" in state:  # WarmupLR, which counts in epochs
        if not counters.epoch - 1 <= state["epochs_done"] <= counters.epoch + 1:
            checker.refuse(f"{name}.epochs_done is {state['epochs_done']}, but meta.epoch is {counters.epoch}")
        return
    where = counters.epoch if state["by_epoch"] else counters.iteration
    if state.get("_global_step") != where:
        checker.refuse(f"{name} is {show(state.get('_global_step'))} steps on its way, but the run {where}")


def _compare(checker: Checker, state: dict[str, Any], own: dict[str, Any], name: str) -> None:
    differing = state.keys() ^ own.keys()
    if differing:
        checker.refuse(f"{name} and this run's schedule differ in {min(differing)!a}", FIRST_CONFIG)
    for key, value in own.items():
        if not _alike(state[key], value):
            checker.refuse(f"{name}.{ascii(key)[1:-1]} is {show(state[key])}, in this run {show(value)}")


def _alike(theirs: Any, ours: Any) -> bool:
    """Whether two values are of one kind: numbers, texts, or as long a list of these."""
    if isinstance(ours, list | tuple):
        same = isinstance(theirs, list | tuple) and len(theirs) == len(ours)
        return same and all(_alike(a, b) for a, b in zip(theirs, ours, strict=True))
    if isinstance(ours, bool) or not isinstance(ours, int | float):
        return type(theirs) is type(ours)
    return type(theirs) in (int, float) and math.isfinite(theirs)


def move_schedules(runner: Runner, schedulers: Sequence[_ParamScheduler], place: Place) -> None:
    """Let freshly built schedules set the rates of a place in the run.

    This project's tell them at once. MMEngine's make each value from the one before and are stepped there again, so
    that their values are those of a run that was never interrupted.
    """
    loop = runner.train_loop
    done = place.iteration - place.epoch_start
    others = []
    for scheduler in schedulers:
        if isinstance(scheduler, WarmupLR):
            length = loop.whole_length(place.epoch) if isinstance(loop, PretrainLoop) else scheduler.epoch_length
            scheduler.go_to(place.epoch + done // length, done % length)
        else:
            others.append(scheduler)
    _repeat(others, place)


def _repeat(schedulers: Sequence[_ParamScheduler], place: Place) -> None:
    for scheduler in schedulers:
        scheduler.optimizer._global_step = 0  # it would warn that no optimizer step has been made
    by_epoch = [scheduler for scheduler in schedulers if scheduler.by_epoch]
    by_iteration = [scheduler for scheduler in schedulers if not scheduler.by_epoch]
    ends = [place.epoch_start * (epoch + 1) // place.epoch for epoch in range(place.epoch)]
    for begin, end in zip([0, *ends], ends, strict=False):
        _step(by_iteration, end - begin)
        _step(by_epoch, 1)
    _step(by_iteration, place.iteration - place.epoch_start)


def _step(schedulers: Sequence[_ParamScheduler], times: int) -> None:
    for _ in range(times if schedulers else 0):
        for scheduler in schedulers:
            scheduler.step()
