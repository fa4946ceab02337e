"""Checkpoints of this project."""

from collections.abc import Collection, Mapping
from math import isqrt
from typing import Any

from torch import Tensor, nn

from .weights import BACKBONE, KERNEL, SIZE, Weights, as_student, block_heads

LABEL = "mimseg"


def fits(names: Collection[str]) -> bool:
    """Whether these are names of this project's encoders, and of no public code's that wraps its own as ``encoder``."""
    if KERNEL in names:
        return True
    swin = "encoder.layers.1.downsample.norm.weight" in names and "encoder.layers.0.downsample.norm.weight" not in names
    return "encoder.mask_token" in names and (swin or any(name.startswith(BACKBONE) for name in names))


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """The tensors as they are.

    Args:
        tensors: a model's state.
        facts: what :func:`describe` left in the checkpoint, or empty.
        ema: not read: MMEngine's averaging hook swaps the copies, so that ``tensors`` are the averaged ones already.
    """
    patch = (facts["patch_size"], facts["in_channels"]) if "in_channels" in facts else None
    if patch and KERNEL in tensors:  # files of older versions tell the side of what was masked as one
        patch = isqrt(tensors[KERNEL].shape[1] // patch[1]), patch[1]
    size = tensors.get(SIZE, facts.get("grid"))
    return Weights(
        LABEL,
        dict(tensors),
        ema=as_student(tensors),
        patch=patch,
        grid=None if size is None else (int(size[0]), int(size[1])),
        heads=dict(facts.get("heads", {})),
        normalize=facts.get("normalize"),
        pool=facts.get("pool"),
    )


def describe(model: nn.Module) -> dict[str, Any]:
    """Describe what a model's tensors do not tell by their shapes: side of a token, channels, heads and the like.

    ``grid`` is the patch grid that its positions are for: a learned table's, or that of the images it was trained on,
    whatever images it was shown besides; ``reference`` that of fixed ones that are resized for all other grids.
    """
    encoder: Any = getattr(model, "encoder", None)
    if encoder is None:
        return {}
    heads = {
        name: number
        for name, module in model.named_modules()
        if not name.startswith("teachers.") and (number := block_heads(module)) is not None
    }
    facts = {
        "patch_size": encoder.patch_size * getattr(encoder, "split", 1),
        "in_channels": encoder.in_channels,
        "heads": heads,
    }
    for fact, attribute in (("grid", "own_grid"), ("reference", "reference")):
        if grid := getattr(getattr(encoder, "positions", None), attribute, None):
            facts[fact] = list(grid)
    tasks: Any = getattr(model, "tasks", {})
    if "reconstruct" in tasks and hasattr(tasks["reconstruct"].target, "normalize"):
        facts["normalize"] = tasks["reconstruct"].target.normalize
    if hasattr(model, "pool"):
        facts["pool"] = model.pool
    return facts


def write(weights: Weights) -> dict[str, Any]:
    """A checkpoint of this project: weights only, with what their shapes do not tell."""
    facts: dict[str, Any] = {"heads": weights.heads}
    if weights.patch is not None:
        facts["patch_size"], facts["in_channels"] = weights.patch
    if weights.grid is not None:
        facts["grid"] = list(weights.grid)
    facts |= {name: value for name in ("normalize", "pool") if (value := getattr(weights, name)) is not None}
    return {"state_dict": weights.state, "meta": {"mimseg": facts}}
