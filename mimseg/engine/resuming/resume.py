"""Taking up a run from its checkpoint: first all of it is checked, then it is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmengine.runner import Runner
from mmengine.runner.checkpoint import load_state_dict
from torch import Tensor

from ...checkpoints import read_checkpoint, refer_positions
from ..hooks.rng_state import RNGStateHook
from ..loop import PretrainLoop
from ..randomness import check_rng_state
from .checker import FIRST_CONFIG, OTHER_FILE, Checker
from .hub import read_hub
from .moments import OptimizerState, read_optimizer
from .progress import Counters, Place, find_place, read_counters
from .schedules import check_schedules, move_schedules
from .settings import describe_changes, find_changes
from .weights import check_average, check_state_dict

TAKEN = ("meta", "state_dict", "message_hub", "optimizer", "param_schedulers", "rng_states", "ema_state_dict")
"""Entries that are rebuilt here; what else hooks have put into a checkpoint is theirs to check."""
LARGEST_GRID = 1024  # patches of a side
SCHEDULE_KEYS = ("schedule", "param_scheduler", "train_cfg")


@dataclass(frozen=True)
class Checked:
    """The parts of a checkpoint that a run takes, all checked."""

    meta: dict[str, Any]
    counters: Counters
    weights: dict[str, Tensor]
    average: dict[str, Tensor] | None
    optimizer: OptimizerState
    hub: dict[str, Any]
    random_states: list[Any]
    changes: dict[str, str] | None


def resume(runner: Runner, file: str) -> Place:
    """Go on with the run that wrote a checkpoint.

    Weights, moments, step counts, counters, histories and random states are the file's. Everything else is the
    config's, which may have changed: rates, decay, betas, and schedules, which are moved to where the run is.
    Nothing of the file is run, imported, or taken for a path outside the run's folder.

    Args:
        runner: a ``MIMRunner`` with everything built.
        file: the checkpoint.

    Returns:
        Where the run goes on.

    Raises:
        CheckpointError: it cannot be read.
        ValueError: in one line, what does not fit, before anything of it is taken.
    """
    checker = Checker(file)
    saved = read_checkpoint(file, trust=runner.trusting)
    checked = _check(checker, saved, runner)
    others = {key: value for key, value in saved.items() if key not in TAKEN}
    parts: dict[str, Any] = {
        **others,
        "meta": checked.meta,
        "state_dict": dict(checked.weights),
        "message_hub": checked.hub,
        "rng_states": checked.random_states,
    }
    if checked.average is not None:
        parts["ema_state_dict"] = dict(checked.average)
    runner._load_from = file  # hooks ask for it
    runner.call_hook("after_load_checkpoint", checkpoint=parts)  # hooks say first what does not fit them
    place = find_place(checker, checked.counters, runner)
    _take(runner, checked, parts["state_dict"], place)
    _report(runner, checker.file, checked, place)
    return place


def _check(checker: Checker, saved: Mapping[str, Any], runner: Runner) -> Checked:
    for key in ("meta", "optimizer", "state_dict"):
        if key not in saved:
            raise ValueError(
                f"{checker.file} holds weights only: it cannot be resumed; start from it with load_from instead"
            )
    meta = checker.mapping(saved["meta"], "meta")
    weights = check_state_dict(checker, saved["state_dict"], runner.bare_model)
    _check_run(checker, meta, runner)
    changes = find_changes(checker, meta["settings"], runner.settings) if "settings" in meta else None
    counters = read_counters(checker, meta, runner)
    names = {parameter: name for name, parameter in runner.bare_model.named_parameters()}
    optimizer = read_optimizer(checker, saved["optimizer"], runner.optim_wrapper, names, counters.iteration)
    if runner.param_schedulers is not None:
        _require(checker, saved, "param_schedulers", "states of the schedules")
        unchanged = changes is not None and not any(key.startswith(SCHEDULE_KEYS) for key in changes)
        check_schedules(checker, saved["param_schedulers"], counters, runner.param_schedulers, unchanged)
    _require(checker, saved, "message_hub", "histories")
    return Checked(
        _read_facts(checker, meta),
        counters,
        weights,
        check_average(checker, saved.get("ema_state_dict"), runner),
        optimizer,
        read_hub(checker, saved["message_hub"], runner),
        _check_random_states(checker, saved, runner),
        changes,
    )


def _require(checker: Checker, saved: Mapping[str, Any], key: str, what: str) -> None:
    if key not in saved:
        checker.refuse(f"it has no {key}, the {what}")


def _read_facts(checker: Checker, meta: Mapping[str, Any]) -> dict[str, Any]:
    """What hooks may want of ``meta``. It may hold the text of a config, too, which is never read."""
    facts = {key: meta[key] for key in ("epoch", "iter", "epoch_start", "seed") if key in meta}
    if isinstance(meta.get("run"), str):
        facts["run"] = meta["run"]
    model = checker.mapping(meta.get("mimseg", {}), "meta.mimseg")
    if model.get("reference") is not None:
        name = "meta.mimseg.reference"
        facts["grid"] = [checker.whole(n, name, 1, LARGEST_GRID) for n in checker.sequence(model["reference"], name)]
        if len(facts["grid"]) != 2:
            checker.refuse(f"{name} has {len(facts['grid'])} sides, not 2")
    return facts


def _check_run(checker: Checker, meta: Mapping[str, Any], runner: Runner) -> None:
    """Seed, number of images and classes."""
    seed, dataset = checker.whole(meta.get("seed"), "meta.seed"), runner.train_loop.dataloader.dataset
    if seed != runner.seed:
        raise ValueError(
            f"{checker.file} was written with seed {seed}, this run has {runner.seed}; resume with --seed {seed}"
        )
    if "images" in meta and checker.whole(meta["images"], "meta.images", 1) != len(dataset):
        raise ValueError(
            f"{checker.file} was written with {meta['images']} training images, now there are {len(dataset)}: an epoch "
            "would deal others than it did; restore the data, or start from its weights with load_from (--init)"
        )
    then, now = _classes(meta.get("dataset_meta")), _classes(getattr(dataset, "metainfo", None))
    if then is not None and now is not None and then != now:
        name = next(
            (f"{a}, now {b}" for a, b in zip(then, now, strict=False) if a != b), f"{len(then)}, now {len(now)}"
        )
        checker.refuse(f"the classes of the training images have changed: {name}", FIRST_CONFIG)


def _classes(metainfo: Any) -> list[str] | None:
    classes = metainfo.get("classes") if isinstance(metainfo, Mapping) else None
    return [str(name) for name in classes] if isinstance(classes, Sequence) and not isinstance(classes, str) else None


def _check_random_states(checker: Checker, saved: Mapping[str, Any], runner: Runner) -> list[Any]:
    if not any(isinstance(hook, RNGStateHook) for hook in runner.hooks):
        return []
    _require(checker, saved, "rng_states", "random states of each process")
    states = checker.sequence(saved["rng_states"], "rng_states")
    if not states:
        checker.refuse("rng_states is empty: the random states of each process are missing")
    for index, state in enumerate(states):
        wrong = check_rng_state(state, runner.bare_model)
        if wrong is not None:
            checker.refuse(f"rng_states[{index}] is no set of random states ({wrong})", OTHER_FILE)
    return states


def _take(runner: Runner, checked: Checked, weights: dict[str, Tensor], place: Place) -> None:
    load_state_dict(runner.bare_model, weights, strict=True)
    refer_positions(runner.bare_model, checked.meta.get("grid"))
    runner.message_hub.load_state_dict(checked.hub)
    checked.optimizer.give_to(runner.optim_wrapper)
    if isinstance(runner.train_loop, PretrainLoop):
        runner.train_loop.go_to(place.epoch, place.iteration, place.epoch_start)
    else:
        runner.train_loop._epoch, runner.train_loop._iter = place.epoch, place.iteration
    move_schedules(runner, runner.param_schedulers or (), place)


def _report(runner: Runner, file: str, checked: Checked, place: Place) -> None:
    log = runner.logger.info
    log(f"{file}: resumed, {len(checked.weights)} tensors loaded")
    if checked.changes is None:
        log(f"{file} is of an earlier version, which kept no settings: what of them has changed cannot be told")
    else:
        log(describe_changes(file, checked.changes))
    then = checked.counters
    if then.batch is not None and then.iteration != place.iteration:
        log(f"its {then.iteration} iterations of {then.batch} are {place.iteration} of {runner.running_batch}")
        if checked.average is not None:
            runner.logger.warning("EMAHook averages after every batch, not after every step: its horizon changes")
        if place.iteration < then.iteration:
            runner.logger.warning(
                "iterations are larger now, and counted lower: a checkpoint named by them may be newer than one with a "
                "higher number"
            )
    log(f"resumed epoch: {place.epoch}, iter: {place.iteration}")
    if place.finished:
        log(f"nothing left to train: {place.finished} is done")
