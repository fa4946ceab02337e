"""PVTv2 of its public code and FastMIM's, read into timm's in a DenseBackbone."""

from collections.abc import Collection, Mapping
from typing import Any

from timm.models.pvt_v2 import checkpoint_filter_fn
from torch import Tensor

from .weights import BACKBONE, Weights, rename, with_ema

LABEL = "PVTv2"
FIRST = ("patch_embed1.proj.weight", "block1.0.mlp.dwconv.dwconv.weight")
HEAD = {"head.": "head."}


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a PVTv2, which timm's differ from."""
    return set(FIRST) <= set(names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read a PVTv2 by timm's own renaming; ``ema`` is a copy with the same names."""
    return with_ema(Weights(LABEL, _read(tensors)), None if ema is None else _read(ema))


def _read(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed: Mapping[str, Tensor] = checkpoint_filter_fn(dict(tensors), None)
    return {rename(name, HEAD) or BACKBONE + name: tensor for name, tensor in renamed.items()}
