"""Frozen teachers whose weights are not at hand: random ones take as long."""

import copy
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timm
import torch

from ..registry import MODELS


@contextmanager
def random_teachers(model: dict[str, Any]) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """A model's config in which teachers that read a file read one of random weights, where theirs does not exist.

    So does the judge of a :class:`~mimseg.models.PartClassifier`.

    Yields:
        the config, to be built within the block, and the names of these teachers.
    """
    model = copy.deepcopy(model)
    missing = {name: cfg for name, cfg in (model.get("teachers") or {}).items() if cfg and _lacks_file(cfg)}
    with tempfile.TemporaryDirectory() as folder:
        for name, cfg in missing.items():
            cfg["checkpoint"] = str(Path(folder) / f"{name}.pth")
            torch.save(_WEIGHTS[cfg["type"]](cfg, model), cfg["checkpoint"])
        judge = model.get("judge")
        if judge and not Path(judge["checkpoint"]).expanduser().exists():
            judge.update(checkpoint=str(Path(folder) / "judge.pth"), weights="student")
            torch.save(MODELS.build(judge["model"]).state_dict(), judge["checkpoint"])
        yield model, tuple(missing)


def _lacks_file(teacher: dict[str, Any]) -> bool:
    path = teacher.get("checkpoint")
    return teacher["type"] in _WEIGHTS and (path is None or not Path(path).expanduser().exists())


def _of_timm(teacher: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    options = dict(teacher.get("options") or {})
    if not teacher.get("project"):
        options.setdefault("num_classes", 0)
    weights: dict[str, Any] = timm.create_model(teacher["model"], pretrained=False, **options).state_dict()
    return weights


def _of_ours(teacher: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    channels = MODELS.build(model["data_preprocessor"]).channels
    encoder = MODELS.build(teacher.get("encoder") or model["encoder"], default_args={"in_channels": channels})
    return {f"encoder.{name}": tensor for name, tensor in encoder.state_dict().items()}


_WEIGHTS = {"FrozenTeacher": _of_timm, "PretrainedTeacher": _of_ours}
"""How to make weights for the teachers that read a file."""
