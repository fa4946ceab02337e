"""Stages of a run: epochs with one image size and one batch, as in progressive resolution (FastMIM-P)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import torch
from mmengine.runner import Runner
from mmpretrain.datasets.transforms import RandomResizedCrop
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from ..models.backbones import MaskedEncoder

STAGE_KEYS = ("epoch", "size", "batch_size", "accumulative_counts")


@dataclass(frozen=True)
class Stage:
    """What changes between stages.

    Attributes:
        epoch: its first epoch, 0-based.
        size: ``(H, W)`` in pixels of the training images.
        batch_size: images of a batch, per process.
        accumulative_counts: batches of an optimizer step.
    """

    epoch: int
    size: tuple[int, int]
    batch_size: int
    accumulative_counts: int

    @property
    def images_per_step(self) -> int:
        """Images that a process contributes to an optimizer step."""
        return self.batch_size * self.accumulative_counts


def parse_stages(
    stages: Sequence[Mapping[str, Any]], epochs: int, batch_size: int, accumulative_counts: int
) -> list[dict[str, Any]]:
    """Check ``schedule.stages`` and fill in what it leaves to the rest of the config.

    Args:
        stages: each ``dict(epoch=..., size=..., batch_size=..., accumulative_counts=...)``; the last two are optional.
        epochs: of the run.
        batch_size: of stages that do not name theirs.
        accumulative_counts: of stages that do not name theirs, batches an optimizer step.

    Returns:
        The arguments of :class:`Stage`, for each.

    Raises:
        ValueError: unknown or missing key, a number out of range, or epochs that do not rise from 0.
    """
    if not isinstance(stages, list | tuple) or not stages:
        raise ValueError(f"schedule.stages must be a list of dict(epoch=..., size=...), got {stages!r}")
    defaults = {"batch_size": batch_size, "accumulative_counts": accumulative_counts}
    parsed = [asdict(_parse_stage(f"schedule.stages[{i}]", stage, defaults)) for i, stage in enumerate(stages)]
    if parsed[0]["epoch"] != 0:
        raise ValueError(f"schedule.stages[0].epoch must be 0, the first epoch, got {parsed[0]['epoch']}")
    ends = [stage["epoch"] for stage in parsed[1:]] + [epochs]
    for i, (stage, end) in enumerate(zip(parsed, ends, strict=True)):
        if stage["epoch"] >= end:
            limit = f"that of the next stage, {end}" if i + 1 < len(parsed) else f"schedule.epochs={end}"
            raise ValueError(f"schedule.stages[{i}].epoch={stage['epoch']} must be below {limit}: epochs count from 0")
    return parsed


def _parse_stage(name: str, stage: Mapping[str, Any], defaults: Mapping[str, int]) -> Stage:
    if not isinstance(stage, Mapping):
        raise ValueError(f"{name} must be dict(epoch=..., size=...), got {stage!r}")
    for key in stage:
        if key not in STAGE_KEYS:
            close = get_close_matches(key, STAGE_KEYS, 1, 0.0)[0]
            raise ValueError(f"{name}.{key}: unknown key; did you mean {name}.{close}?")
    for key in ("epoch", "size"):
        if key not in stage:
            raise ValueError(f"{name}.{key} is missing; write dict(epoch=..., size=...)")
    values = {**defaults, **stage}
    for key in ("epoch", "batch_size", "accumulative_counts"):
        least = 0 if key == "epoch" else 1
        if not _is_whole(values[key], least):
            raise ValueError(f"{name}.{key} must be a whole number of at least {least}, got {values[key]!r}")
    size = values["size"]
    sides = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, list | tuple) else ()
    if len(sides) != 2 or not all(_is_whole(side, 1) for side in sides):
        raise ValueError(f"{name}.size must be a number of pixels of at least 1, or (height, width), got {size!r}")
    return Stage(values["epoch"], sides, values["batch_size"], values["accumulative_counts"])


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def epoch_multiple(stages: Sequence[Stage]) -> int:
    """Every epoch is a whole multiple of this many batches.

    As the least common multiple of all accumulations, it lets every epoch end with an optimizer step, and an
    iteration that is a multiple of it, counted from the start of the run, too, whatever the stage.
    """
    return math.lcm(*(stage.accumulative_counts for stage in stages))


def build_loaders(
    runner: Runner, config: Mapping[str, Any], dataset: Dataset[Any], stages: Sequence[Stage]
) -> list[DataLoader[Any]]:
    """A training loader for each stage. All read the same dataset object, so that a folder is scanned once.

    Args:
        runner: builds them.
        config: of the loader; its batch size and its sampler's ``multiple_of`` are the stages'.
        dataset: what ``config["dataset"]`` has been built to.
        stages: the stages.
    """

    def same_dataset() -> Dataset[Any]:
        return dataset

    multiple = epoch_multiple(stages)
    diff_rank_seed = runner._randomness_cfg.get("diff_rank_seed", False)
    loaders = []
    for stage in stages:
        sampler = dict(config["sampler"])
        if sampler["type"] == "SeededSampler":
            sampler["multiple_of"] = stage.batch_size * multiple
        # the function in place of a class survives the deep copy that the runner makes, and so does the dataset
        own = {"dataset": {"type": same_dataset}, "sampler": sampler, "batch_size": stage.batch_size}
        loaders.append(runner.build_dataloader({**config, **own}, runner.seed, diff_rank_seed))
    return loaders


def find_crops(dataset: Dataset[Any]) -> list[RandomResizedCrop]:
    """The transforms that give training images their size: one random crop with a ``scale`` in each pipeline.

    Raises:
        ValueError: a pipeline with none or several of them, or no pipeline at all.
    """
    crops = []
    for pipeline in _pipelines(dataset):
        found = [transform for transform in _transforms(pipeline) if isinstance(transform, RandomResizedCrop)]
        if len(found) != 1:
            raise ValueError(
                f"schedule.stages sets the scale of a random crop, but the training pipeline has {len(found)} of "
                "them: give it exactly one RandomResizedCrop, or remove schedule.stages"
            )
        crops += found
    if not crops:
        raise ValueError(
            f"schedule.stages sets the scale of a random crop, but {type(dataset).__name__} has no pipeline: give it "
            "one with a RandomResizedCrop, or remove schedule.stages"
        )
    return crops


def _pipelines(dataset: Any) -> Iterator[Any]:
    """Pipelines of a dataset, of what it wraps and of what it concatenates."""
    if hasattr(dataset, "pipeline"):
        yield dataset.pipeline
    for inner in [getattr(dataset, "dataset", None), *getattr(dataset, "datasets", ())]:
        if inner is not None:
            yield from _pipelines(inner)


def _transforms(transform: Any) -> Iterator[Any]:
    """A transform and all that it is made of."""
    yield transform
    for inner in transform if isinstance(transform, list | tuple) else getattr(transform, "transforms", ()):
        yield from _transforms(inner)


def check_sizes(model: nn.Module, stages: Sequence[Stage]) -> None:
    """Find out before the first epoch whether the model's patches and mask units fit the images of all stages.

    Raises:
        ValueError: a side that is no multiple of theirs.
    """
    encoder, masking = getattr(model, "encoder", None), getattr(model, "masking", None)
    if not isinstance(encoder, MaskedEncoder):
        return
    for index, stage in enumerate(stages):
        images = torch.empty((1, encoder.in_channels, *stage.size), device="meta")
        try:
            grid = encoder.grid_of(images)
            if masking is not None:
                masking.units(encoder.patch_size, grid)
        except ValueError as error:
            raise ValueError(f"schedule.stages[{index}].size: {error}") from None


def end_workers(loop: Any) -> None:
    """End the workers of a loop's loaders, which ignore the first request of an interpreter that ends.

    Args:
        loop: of a runner; the config of one that was never built has none.
    """
    for loader in (*getattr(loop, "loaders", ()), getattr(loop, "dataloader", None)):
        if isinstance(loader, DataLoader):
            stop_workers(loader)
    endless = getattr(getattr(loop, "dataloader_iterator", None), "_iterator", None)  # of workers that do not persist
    if isinstance(endless, _MultiProcessingDataLoaderIter):
        endless._shutdown_workers()


def stop_workers(loader: DataLoader[Any]) -> None:
    """End the processes of persistent workers: they hold a copy of the dataset as it was when they started."""
    if isinstance(loader._iterator, _MultiProcessingDataLoaderIter):
        loader._iterator._shutdown_workers()
        loader._iterator = None
