"""Samplers that do not go with the data set or the loop that they are given."""

from typing import Any

from mmengine.dataset import InfiniteSampler
from torch.utils.data import DataLoader, Dataset

from ..datasets import SeededDataset, SeededInfiniteSampler, SeededSampler

OF_LIBRARIES = frozenset({"mimseg", "mmengine", "mmdet", "mmpretrain", "mmseg", "torch", "torchvision"})
"""Packages whose data sets take plain positions, all but :class:`~mimseg.datasets.SeededDataset`."""


def check_sampling(loader: DataLoader[Any], name: str, ends: bool) -> None:
    """Refuse a loader whose first batch, or end, would never come.

    Args:
        loader: of training or validation.
        name: of its section in the config.
        ends: whether the loop waits for the end of an epoch.

    Raises:
        ValueError: positions with seeds for a data set that takes plain ones, or an epoch without an end.
    """
    sampler: Any = loader.sampler
    kind = type(sampler).__name__
    if isinstance(sampler, SeededSampler) and not takes_seeds(loader.dataset):
        inner = type(loader.dataset).__name__
        raise ValueError(
            f"{name}.sampler={kind} gives every sample a seed, which {inner} cannot take: put it into "
            f"{name}.dataset=dict(type='SeededDataset', dataset=dict(type='{inner}', ...)), or set "
            f"{name}.sampler=dict(type='{'InfiniteSampler' if _endless(sampler) else 'DefaultSampler'}', shuffle=...)"
        )
    if ends and _endless(sampler):
        other = "SeededSampler" if isinstance(sampler, SeededSampler) else "DefaultSampler"
        raise ValueError(
            f"{name}.sampler={kind} has no end, so an epoch would have none: set {name}.sampler.type='{other}', or "
            "count iterations (schedule.iterations)"
        )


def takes_seeds(dataset: Dataset[Any]) -> bool:
    """Whether a data set takes a position with a seed; of one that a user wrote, it is believed."""
    if isinstance(dataset, SeededDataset):
        return True
    reader = next((part for part in type(dataset).__mro__ if "__getitem__" in vars(part)), type(dataset))
    return reader.__module__.partition(".")[0] not in OF_LIBRARIES


def _endless(sampler: Any) -> bool:
    return isinstance(sampler, InfiniteSampler | SeededInfiniteSampler)
