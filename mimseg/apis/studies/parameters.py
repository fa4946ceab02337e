"""How many parameters the model of a config has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn
from torch.overrides import TorchFunctionMode

from ...checkpoints import guarded
from ...registry import MODELS
from ...tables import TextTable
from ..run.transfer import import_library


def count_parameters(cfg: Config) -> dict[str, int]:
    """Parameters of a config's model by part, trained or not; the sum is the model's.

    Nothing is computed and no memory taken: the model is built without values. Files of pre-trained teachers must be
    there all the same.

    Args:
        cfg: of a pre-training, a classifier, a detector or segmentor.

    Raises:
        CheckpointError: the file of a pre-trained teacher is missing.
        ValueError: the config has no model, or its library or mmcv's compiled ops are not installed.
    """
    if cfg.get("model") is None:
        raise ValueError(f"config {cfg.filename} has no model")
    import_library(cfg)
    init_default_scope(cfg.get("default_scope", "mimseg"))
    with guarded(), without_values():
        model: Any = MODELS.build(cfg.model)
    return {name: number for name, part in model.named_children() if (number := _size(part))}


def parameter_table(counts: Mapping[str, Mapping[str, int]]) -> TextTable:
    """Build a row a config of what :func:`count_parameters` gave: millions in all, and by part."""
    rows = []
    for config, parts in counts.items():
        by_part = ", ".join(f"{name} {number / 1e6:.2f}" for name, number in parts.items())
        rows.append((config, f"{sum(parts.values()) / 1e6:.2f}", by_part))
    return TextTable(("config", "M parameters", "by part"), rows, text=(0, 2))


@contextmanager
def without_values() -> Iterator[None]:
    """Within the block, modules are built on the meta device: nothing is computed and no memory taken."""
    with torch.device("meta"), _WhatConstructorsRead():
        yield


class _WhatConstructorsRead(TorchFunctionMode):
    """Keeps on the CPU what is read while a model is built: drop rates of mmdet's networks, sizes of position tables.

    Tensors without values are equal where their shapes are.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.linspace or (func is torch.tensor and _are_sizes(args[0])):
            kwargs.setdefault("device", "cpu")
        if func is torch.equal and args[0].is_meta and args[1].is_meta:
            return args[0].shape == args[1].shape
        return func(*args, **kwargs)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(number, int) for number in value)


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
