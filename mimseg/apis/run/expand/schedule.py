"""``schedule`` in a config: epochs and warm-up, said once, and turned into a loop and learning rates."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from mmengine.config import Config

from ....engine import parse_stages
from ....engine.schedule import SCHEDULE_KEYS

ITERATION_KEYS = ("iterations", "warmup_iterations", "warmup_factor", "power", "val_interval")


def expand_schedule(cfg: Config) -> None:
    """Turn ``schedule`` into ``train_cfg`` and ``param_scheduler``, in place.

    ``schedule`` is ``dict(epochs=..., warmup_epochs=..., warmup_lr=0.0, min_lr=0.0, val_interval=1)`` for a cosine, or
    with ``steps=[...], gamma=0.1`` instead of ``min_lr`` for steps; ``counts_warmup`` (of a cosine) and
    ``scale_limits`` are those of :class:`~mimseg.engine.WarmupCosineLR`. ``val_interval`` counts epochs from one
    validation to the next, where the config has any (the last epoch is always validated). ``stop`` ends the run after
    so many of the epochs, all schedules counting to ``epochs`` (SBAM's 400 of 800). ``stages`` change image size and
    batch on the way, see :func:`~mimseg.engine.stages.parse_stages`; the config's own batch and accumulation become the
    first stage's. None takes an inherited key away. A config without ``schedule``, which spells both out, is left
    alone.

    A run that is counted in iterations, as segmentation is, has ``dict(iterations=..., warmup_iterations=...,
    warmup_factor=1e-6, power=1.0, val_interval=iterations)``: a linear warm-up from ``warmup_factor`` times the peak,
    then a polynomial fall to zero.

    Raises:
        ValueError: unknown or missing key, a number out of range, or ``schedule`` next to what it stands for.
    """
    schedule = cfg.pop("schedule", None)
    if schedule is None:
        return
    schedule = {key: value for key, value in schedule.items() if value is not None}
    for key in ("train_cfg", "param_scheduler"):
        if cfg.get(key) is not None:
            raise ValueError(f"config has both schedule and {key}: schedule makes {key}; delete one of the two")
    if "iterations" in schedule:
        _expand_iterations(cfg, schedule)
    else:
        _expand_epochs(cfg, schedule)


def _expand_iterations(cfg: Config, schedule: Mapping[str, Any]) -> None:
    _check_iterations(schedule)
    end, warmup = schedule["iterations"], schedule["warmup_iterations"]
    interval = schedule.get("val_interval", end)
    cfg.train_cfg = {"type": "IterBasedTrainLoop", "max_iters": end, "val_interval": interval}
    fall = {"type": "PolyLR", "eta_min": 0.0, "power": schedule.get("power", 1.0), "begin": warmup, "end": end}
    rise = {"type": "LinearLR", "start_factor": schedule.get("warmup_factor", 1e-6), "begin": 0, "end": warmup}
    # A rise ends at the peak with its last iteration; of a single iteration LinearLR would never rise.
    cfg.param_scheduler = [{**part, "by_epoch": False} for part in ([rise, fall] if warmup > 1 else [fall])]


def _check_iterations(schedule: Mapping[str, Any]) -> None:
    _refuse_unknown(schedule, ITERATION_KEYS)
    if "warmup_iterations" not in schedule:
        raise ValueError(
            "schedule.warmup_iterations is missing; write schedule=dict(iterations=..., warmup_iterations=...)"
        )
    end, warmup = schedule["iterations"], schedule["warmup_iterations"]
    interval, factor = schedule.get("val_interval", end), schedule.get("warmup_factor", 1e-6)
    for key, value in (("iterations", end), ("val_interval", interval)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"schedule.{key} must be a whole number of at least 1, got {value!r}")
    if not isinstance(warmup, int) or not 0 <= warmup < end:
        raise ValueError(
            f"schedule.warmup_iterations must be a whole number from 0 to below iterations={end}, got {warmup!r}"
        )
    if not 0 < factor <= 1:
        raise ValueError(f"schedule.warmup_factor must be above 0 and at most 1, got {factor!r}")


def _expand_epochs(cfg: Config, schedule: Mapping[str, Any]) -> None:
    _check_schedule(schedule)
    interval = schedule.get("val_interval", 1)
    ours = "" if cfg.get("default_scope") in (None, "mimseg") else "mimseg."
    end = schedule.get("stop", schedule["epochs"])
    cfg.train_cfg = {"type": f"{ours}PretrainLoop", "max_epochs": end, "val_interval": interval}
    if "stop" in schedule:
        cfg.train_cfg.schedule_epochs = schedule["epochs"]
    if "steps" in schedule:
        kind = {"type": f"{ours}WarmupMultiStepLR", "steps": schedule["steps"], "gamma": schedule.get("gamma", 0.1)}
    else:
        kind = {"type": f"{ours}WarmupCosineLR", "min_lr": schedule.get("min_lr", 0.0)}
        kind["counts_warmup"] = schedule.get("counts_warmup", False)
    cfg.param_scheduler = {
        **kind,
        "end": schedule["epochs"],
        "warmup_epochs": schedule["warmup_epochs"],
        "warmup_lr": schedule.get("warmup_lr", 0.0),
        "scale_limits": schedule.get("scale_limits", True),
        "convert_to_iter_based": True,
    }
    if "stages" in schedule:
        _add_stages(cfg, schedule)


def _add_stages(cfg: Config, schedule: Mapping[str, Any]) -> None:
    accumulation = cfg.optim_wrapper.get("accumulative_counts", 1)
    stages = parse_stages(schedule["stages"], schedule["epochs"], cfg.train_dataloader.batch_size, accumulation)
    cfg.train_cfg.stages = stages
    cfg.train_dataloader.batch_size = stages[0]["batch_size"]
    cfg.optim_wrapper.accumulative_counts = stages[0]["accumulative_counts"]


def _refuse_unknown(schedule: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in schedule:
        if key not in known:
            close = get_close_matches(key, known, 1, 0.0)[0]
            raise ValueError(f"schedule.{key}: unknown key; did you mean schedule.{close}?")


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    _refuse_unknown(schedule, SCHEDULE_KEYS)
    for key in ("epochs", "warmup_epochs"):
        if key not in schedule:
            raise ValueError(f"schedule.{key} is missing; write schedule=dict(epochs=..., warmup_epochs=...)")
    epochs, warmup = schedule["epochs"], schedule["warmup_epochs"]
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"schedule.epochs must be a whole number of at least 1, got {epochs!r}")
    if not 0 <= warmup < epochs:
        raise ValueError(f"schedule.warmup_epochs must be at least 0 and less than epochs={epochs}, got {warmup!r}")
    interval, stop = schedule.get("val_interval", 1), schedule.get("stop", epochs)
    if not isinstance(interval, int) or interval < 1:
        raise ValueError(f"schedule.val_interval must be a whole number of at least 1, got {interval!r}")
    if not isinstance(stop, int) or not 1 <= stop <= epochs:
        raise ValueError(f"schedule.stop must be a whole number from 1 to epochs={epochs}, got {stop!r}")
    for key in ("min_lr", "warmup_lr"):
        if schedule.get(key, 0.0) < 0:
            raise ValueError(f"schedule.{key} must not be negative, got {schedule[key]!r}")
    for key in ("counts_warmup", "scale_limits"):
        if not isinstance(schedule.get(key, False), bool):
            raise ValueError(f"schedule.{key} must be True or False, got {schedule[key]!r}")
    _check_steps(schedule)


def _check_steps(schedule: Mapping[str, Any]) -> None:
    if "steps" not in schedule:
        if "gamma" in schedule:
            raise ValueError(f"schedule.gamma={schedule['gamma']!r} is the factor of schedule.steps, which is missing")
        return
    for key, what in (("min_lr", "where a cosine ends"), ("counts_warmup", "where a cosine begins")):
        if key in schedule:
            raise ValueError(f"schedule.{key} is {what}, but schedule.steps makes steps; delete one of the two")
    steps, gamma = schedule["steps"], schedule.get("gamma", 0.1)
    first, end = schedule["warmup_epochs"], schedule["epochs"]
    rising = isinstance(steps, list | tuple) and steps and all(a < b for a, b in pairwise([*steps, end]))
    if not rising or steps[0] < first:
        raise ValueError(
            f"schedule.steps must be rising epochs, from warmup_epochs={first} to below epochs={end}, got {steps!r}"
        )
    if not 0 < gamma < 1:
        raise ValueError(f"schedule.gamma must be between 0 and 1, got {gamma!r}")
