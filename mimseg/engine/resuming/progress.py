"""How far a run is: the counters of a checkpoint, in the iterations of this run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.runner import IterBasedTrainLoop, Runner

from ..batch import Batch
from ..loop import PretrainLoop
from .checker import FIRST_CONFIG, OTHER_FILE, Checker, show

NEW_RUN = "start a new run from its weights with load_from (--init)"


@dataclass(frozen=True)
class Counters:
    """What a checkpoint says.

    Attributes:
        epoch: epochs behind.
        iteration: iterations of the run behind.
        epoch_start: those of them that were before the running epoch; None in files of earlier versions.
        epoch_length: iterations of the epoch in which it was written; None where it does not tell.
        batch: of that epoch; None where the file does not tell.
    """

    epoch: int
    iteration: int
    epoch_start: int | None
    epoch_length: int | None
    batch: Batch | None


@dataclass(frozen=True)
class Place:
    """Where this run goes on.

    Attributes:
        epoch: epochs behind.
        iteration: iterations of the run behind.
        epoch_start: those of them that were before the running epoch.
        finished: how the end is named, where nothing is left to train; None elsewhere.
    """

    epoch: int
    iteration: int
    epoch_start: int
    finished: str | None


def read_counters(checker: Checker, meta: Mapping[str, Any], runner: Runner) -> Counters:
    """Check the counters, each for itself and against the length of the run.

    Raises:
        ValueError: no whole number, out of range, or further than this run goes.
    """
    loop = runner.train_loop
    epoch = checker.whole(meta.get("epoch"), "meta.epoch")
    iteration = checker.whole(meta.get("iter"), "meta.iter")
    by_iteration = isinstance(loop, IterBasedTrainLoop)
    if by_iteration and ("epoch_start" in meta or epoch > 1):
        checker.refuse("it is of a run that counts epochs, this one counts iterations", FIRST_CONFIG)
    done, end, unit = (iteration, loop.max_iters, "iteration") if by_iteration else (epoch, loop.max_epochs, "epoch")
    if done > end:
        checker.refuse(
            f"it is of {unit} {show(done)}, and this run ends with {unit} {end}",
            f"give the run more of them with schedule.{unit}s, or take an earlier checkpoint",
        )
    start = length = batch = None
    if "epoch_start" in meta:
        start = checker.whole(meta["epoch_start"], "meta.epoch_start", 0 if epoch == 0 else 1, iteration)
    if "epoch_length" in meta:
        length = checker.whole(meta["epoch_length"], "meta.epoch_length", 1)
    if "batch" in meta:
        saved = checker.mapping(meta["batch"], "meta.batch")
        batch = Batch(
            *(checker.whole(saved.get(k), f"meta.batch.{k}", 1) for k in ("processes", "images", "accumulation"))
        )
    return Counters(epoch, iteration, start, length, batch)


def find_place(checker: Checker, counters: Counters, runner: Runner) -> Place:
    """Where a run goes on, in its own iterations.

    With other batches that make the same optimizer steps together (half the images, twice the accumulation, other
    processes), iterations are counted anew; images and steps behind are the same.

    Raises:
        ValueError: another number of images in a step or an epoch, or a place that this run does not pass.
    """
    loop = runner.train_loop
    if isinstance(loop, PretrainLoop):
        return _place_in_epochs(checker, counters, loop)
    then, now = counters.batch, runner.running_batch
    if then is not None and (then.per_iteration, then.per_step) != (now.per_iteration, now.per_step):
        checker.refuse(
            f"it counts iterations of {then}, this run those of {now}",
            "resume with the same images in an iteration and the same accumulation, since the run's length is "
            f"counted in iterations, or {NEW_RUN}",
        )
    if counters.epoch_length not in (None, len(loop.dataloader)):
        checker.refuse(
            f"it was written with {counters.epoch_length} iterations per epoch, this run has {len(loop.dataloader)}",
            f"resume with the same data, or {NEW_RUN}",
        )
    if counters.iteration > loop.max_iters:
        checker.refuse(f"meta.iter is {counters.iteration}, and this run has {loop.max_iters} iterations", OTHER_FILE)
    unit, done, end = (
        ("iteration", counters.iteration, loop.max_iters)
        if isinstance(loop, IterBasedTrainLoop)
        else ("epoch", counters.epoch, loop.max_epochs)
    )
    start = 0 if unit == "iteration" else min(counters.iteration, counters.epoch * len(loop.dataloader))
    return Place(counters.epoch, counters.iteration, start, f"{unit} {end} of {end}" if done == end else None)


def _place_in_epochs(checker: Checker, counters: Counters, loop: PretrainLoop) -> Place:
    epoch, start = counters.epoch, counters.epoch_start
    before = sum(loop.epoch_length(earlier) for earlier in range(epoch))
    if start is None:  # of a version whose epochs all had one length
        start = before
    done = counters.iteration - start
    written_in = epoch - 1 if done == 0 and epoch > 0 else epoch
    if written_in == loop.max_epochs:
        checker.refuse(f"meta.iter is {counters.iteration}, {done} iterations after the last epoch of this run")
    length, now = loop.epoch_length(written_in), loop.batch_of(written_in)
    then = counters.batch or now
    if (counters.epoch_length or length) * then.per_iteration != length * now.per_iteration:
        raise ValueError(
            f"{checker.file} was written with {counters.epoch_length} iterations per epoch, this run has {length}: "
            f"resume with the same data, total batch and stages, or {NEW_RUN}"
        )
    if then.per_step != now.per_step:
        raise ValueError(
            f"{checker.file} was written with {then}, this run has {now}: resume with the same images in an optimizer "
            f"step, or {NEW_RUN}"
        )
    if then.per_iteration != now.per_iteration:
        images = done * then.per_iteration
        if images % now.per_iteration:
            checker.refuse(f"{images} images of the running epoch are no multiple of {now}", FIRST_CONFIG)
        start, done = before, images // now.per_iteration
    try:
        loop.check_start(epoch, done)
    except ValueError as error:
        raise ValueError(f"{checker.file}: {error}") from None
    at_the_end = epoch == loop.max_epochs or (epoch == loop.max_epochs - 1 and done == loop.epoch_length(epoch))
    finished = f"epoch {loop.max_epochs} of {loop.max_epochs}" if at_the_end else None
    return Place(epoch, start + done, start, finished)
