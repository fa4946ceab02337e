"""The training set seen through another pipeline, without a copy of its list of files."""

import copy
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import Compose
from mmpretrain.datasets.transforms import RandomResizedCrop
from torch.utils.data import Dataset

from ..datasets import CenterResizedCrop, LoadResizedCrop
from ..registry import TRANSFORMS

Transform = str | Sequence[dict[str, Any]]


def scoring_view(dataset: Dataset[Any], transform: Transform) -> Any:
    """The dataset with the pipeline that images are scored with.

    Args:
        dataset: the training set; it is left as it is, and shares all but the pipeline with the view.
        transform: 'center': random crops become the centre crop of their size, after a resize (256 to 224), and other
            random transforms are left out. 'train': the training pipeline. Or a pipeline, as configs of transforms.

    Raises:
        ValueError: an unknown word, or a dataset without a pipeline to change.
    """
    if transform == "train":
        return dataset
    if isinstance(transform, str) and transform != "center":
        raise ValueError(
            f"SelectionHook: transform must be 'center', 'train' or a list of transforms, got {transform!r}"
        )
    seen = _change(dataset, transform)
    if seen is None:
        raise ValueError(
            f"SelectionHook: {type(dataset).__name__} has no pipeline to score images with; use transform='train'"
        )
    return seen


def _change(dataset: Any, transform: Transform) -> Any:
    """A shallow copy with another pipeline, wherever in the wrappers it is; None where there is none."""
    copied = copy.copy(dataset)
    if hasattr(dataset, "pipeline"):
        copied.pipeline = _centred(dataset.pipeline) if isinstance(transform, str) else _build(transform)
        return copied
    if hasattr(dataset, "dataset"):
        copied.dataset = _change(dataset.dataset, transform)
        return copied if copied.dataset is not None else None
    if hasattr(dataset, "datasets"):
        copied.datasets = [_change(inner, transform) for inner in dataset.datasets]
        return copied if None not in copied.datasets else None
    return None


def _build(transforms: Sequence[dict[str, Any]]) -> Compose:
    return Compose([TRANSFORMS.build(dict(config)) for config in transforms])


def _centred(pipeline: Any) -> Compose:
    parts = getattr(pipeline, "transforms", pipeline)
    return Compose([kept for part in parts for kept in _deterministic(part)])


def _deterministic(transform: Any) -> list[Any]:
    if isinstance(transform, LoadResizedCrop):
        return [transform.load, _centre(transform)]
    if isinstance(transform, RandomResizedCrop):
        return [_centre(transform)]
    return [] if type(transform).__name__.startswith(("Rand", "ColorJitter")) else [transform]


def _centre(crop: RandomResizedCrop) -> CenterResizedCrop:
    return CenterResizedCrop(tuple(crop.scale), interpolation=crop.interpolation)
