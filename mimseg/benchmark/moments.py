"""The kinds of steps that a schedule has, so that the one that takes most memory can be found."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..apis import is_transfer
from ..engine.stages import Stage, parse_stages
from ..models import MaskedImageModel, Step
from ..models.masking import Ratio
from ..ops.masking import PatchMask, Ragged, number_masked
from ..registry import HOOKS
from ..selection import make_plan
from .subject import size_of

NOMINAL_IMAGES = 1_000_000  # of a training set; which epochs are alike does not depend on it


@dataclass(frozen=True)
class Moment:
    """A kind of step.

    Attributes:
        epoch: the first epoch that has such steps, 0-based.
        progress: fraction of training done there, as the model is told.
        size: ``(H, W)`` of the images in pixels.
        batch_size: images of a step, of one process.
        accumulative_counts: steps of an optimizer step.
        tasks: names of the tasks at work.
        ratio: share hidden of every image, at an end of an adaptive ratio's range; None where masks hide what the
            config says.
        scored: whether masks follow a score.
    """

    epoch: int
    progress: float
    size: tuple[int, int]
    batch_size: int
    accumulative_counts: int = 1
    tasks: tuple[str, ...] = ()
    ratio: float | None = None
    scored: bool = False

    def with_batch(self, batch_size: int) -> "Moment":
        """The same with other batches, of which as many make up an optimizer step as come nearest to its images."""
        images = self.batch_size * self.accumulative_counts
        return replace(self, batch_size=batch_size, accumulative_counts=max(1, round(images / batch_size)))

    def prepare(self, model: nn.Module) -> None:
        """Let the coming steps of a model be of this kind; what it draws at random keeps its own way."""
        if not isinstance(model, MaskedImageModel):
            return
        model.set_progress(self.progress)
        model.alternate = ()
        for name, task in model.named_tasks.items():
            task.on, task.start, task.end = name in self.tasks, 0.0, 1.0
        ratio = model.masking.ratio
        usual = ratio.instead_of if isinstance(ratio, GivenRatio) else ratio
        model.masking.ratio = usual if self.ratio is None else GivenRatio(usual, self.ratio)


class GivenRatio(Ratio):
    """Stands in for an adaptive ratio: hides as much of every image.

    Args:
        instead_of: the adaptive ratio.
        share: share of the units hidden.

    Attributes:
        hidden: the share that was hidden last, of whole units.
    """

    needs_score = True
    hidden = 0.0

    def __init__(self, instead_of: Ratio, share: float) -> None:
        super().__init__()
        self.instead_of, self.share, self.per_sample = instead_of, share, instead_of.per_sample

    def usual(self, length: int) -> int:
        """As the adaptive ratio has it."""
        return self.instead_of.usual(length)

    def forward(self, length: int, score: Tensor | None = None) -> int | Tensor:
        """``L - int(L * (1 - share))``, for all images or ``(B)``."""
        if score is None:
            return self.usual(length)
        number = number_masked(length, self.share)
        self.hidden = number / length
        return score.new_full((len(score),), number, dtype=torch.long) if self.per_sample else number


@contextmanager
def counts_known(model: nn.Module) -> Iterator[None]:
    """Within the block, a ragged mask takes its numbers from :class:`GivenRatio`: fake tensors hold none to be read."""
    ratio = model.masking.ratio if isinstance(model, MaskedImageModel) else None
    if not isinstance(ratio, GivenRatio):
        yield
        return
    read = PatchMask.__dict__["from_counts"]

    def known(mask: Tensor, masked: Tensor, mean: Tensor | None = None) -> PatchMask:
        batch, length = mask.shape
        # units are squares of patches: round off what the share of units leaves of a patch
        shown = length - round(ratio.hidden * length)
        order = mask.flatten().to(torch.uint8).argsort(stable=True)
        ragged = Ragged(masked, shown, masked.float().mean() if mean is None else mean)
        return PatchMask(mask, order[: batch * shown], order[batch * shown :], ragged)

    PatchMask.from_counts = staticmethod(known)  # type: ignore[method-assign]
    try:
        yield
    finally:
        PatchMask.from_counts = read  # type: ignore[method-assign]


def moments_of(name: str, config: Config, model: nn.Module) -> list[Moment]:
    """All kinds of steps of a run, in the order in which they come up.

    Of steps that differ in nothing but whether masks follow a score, those where they do are told: a score only adds.

    Args:
        name: how messages call the config.
        config: of a pre-training, classifier or segmentor, its schedule not yet expanded.
        model: what it builds, on any device.

    Raises:
        ValueError: the config does not train, or does not tell the size of its images.
    """
    if config.get("train_dataloader") is None or config.get("optim_wrapper") is None:
        raise ValueError(f"{name} does not train; name a config with train_dataloader and optim_wrapper")
    if is_transfer(config):
        sizes = set(_crops(config.train_dataloader.to_dict()))
        if len(sizes) != 1:
            raise ValueError(f"{name} does not tell the size of its training images: set crop_size in its pipeline")
        return [Moment(0, 0.0, sizes.pop(), config.train_dataloader.batch_size, _accumulation(config))]
    kinds: dict[Moment, Moment] = {}
    for moment in _by_epoch(config, name, model):
        kind = replace(moment, epoch=0, progress=0.0, scored=False)
        if kind not in kinds or (moment.scored and not kinds[kind].scored):
            kinds[kind] = moment
    return list(kinds.values())


def _crops(settings: Any) -> Iterator[tuple[int, int]]:
    """What the training images of a detector or segmentor are cut to, wherever its dataset says so."""
    if isinstance(settings, dict):
        if "crop_size" in settings:
            yield tuple(settings["crop_size"])
        settings = list(settings.values())
    for part in settings if isinstance(settings, list | tuple) else ():
        yield from _crops(part)


def _accumulation(config: Config) -> int:
    return int(config.optim_wrapper.get("accumulative_counts", 1))


def _by_epoch(config: Config, name: str, model: nn.Module) -> Iterator[Moment]:
    """Moments of every epoch; of those with an adaptive ratio, one with each end of its range."""
    epochs = config.schedule.epochs
    stages = _stages(config, name)
    trained, switched = _selection(config, epochs)
    first = next((hook.get("first", 1) for hook in _hooks(config) if hook.type == "ProgressHook"), 1)
    for epoch in range(epochs):
        stage = [stage for stage in stages if stage.epoch <= epoch][-1]
        progress = (epoch + first) / epochs
        moment = Moment(epoch, progress, stage.size, stage.batch_size, stage.accumulative_counts)
        if not isinstance(model, MaskedImageModel):
            yield moment
            continue
        off = () if epoch in trained else switched
        active = [
            key for key, task in model.named_tasks.items() if task.active(progress, epoch / epochs) and key not in off
        ]
        moment = replace(moment, scored=_reads_score(model, stage.size, progress))
        adapts = moment.scored and model.masking.ratio.needs_score
        for at_work in in_turn(active, model.alternate):
            for ratio in sorted(set(model.masking.ratio.range())) if adapts else (None,):
                yield replace(moment, tasks=at_work, ratio=ratio)


def in_turn(active: Sequence[str], alternate: Sequence[str]) -> list[tuple[str, ...]]:
    """The tasks of each step in a round of those that take turns."""
    turns = [name for name in alternate if name in active]
    return [tuple(name for name in active if name == turn or name not in turns) for turn in turns] or [tuple(active)]


def _stages(config: Config, name: str) -> list[Stage]:
    schedule, batch = config.schedule, config.train_dataloader.batch_size
    if schedule.get("stages"):
        return [
            Stage(**stage) for stage in parse_stages(schedule.stages, schedule.epochs, batch, _accumulation(config))
        ]
    return [Stage(0, size_of(config, name), batch, _accumulation(config))]


def _hooks(config: Config) -> list[Any]:
    hooks = [*(config.get("custom_hooks") or []), *(config.get("default_hooks") or {}).values()]
    return [hook for hook in hooks if hook is not None]


def _selection(config: Config, epochs: int) -> tuple[frozenset[int], tuple[str, ...]]:
    """The epochs in which a selection trains its tasks, and these."""
    found = [hook for hook in _hooks(config) if hook.type == "SelectionHook"]
    if not found:
        return frozenset(), ()
    hook: Any = HOOKS.build(found[0])
    plan = make_plan(NOMINAL_IMAGES, epochs, **hook.options)
    return plan.epochs_before_selections(hook.dt_epochs, hook.keep_last_block), tuple(hook.selector.tasks)


def _reads_score(model: MaskedImageModel, size: tuple[int, int], progress: float) -> bool:
    images = torch.empty(1, model.data_preprocessor.channels, *size, device="meta")
    return model.masking.needs_score(Step(images, model.encoder.patch_size, model.encoder.grid_of(images), progress))
