"""Swin: of its public code, SimMIM, FastMIM and timm."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from .weights import ENCODER, Weights, rename, with_ema

LABEL = "Swin"
FIRST = "layers.0.blocks.0.attn.qkv.weight"
MERGING = re.compile(r"layers\.(\d+)\.(downsample\..+)")
ENDS_STAGE = "layers.0.downsample."
OUTER = {"head.fc.": "head.", "head.": "head.", "norms.": "norms."}
REBUILT = ("relative_position_index", "relative_coords_table", "attn_mask")


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a Swin."""
    return FIRST in names and "patch_embed.proj.weight" in names


def merges_at_end(names: Collection[str]) -> bool:
    """Whether merging patches is part of the stage that it ends (public code), not of the one that it begins (timm)."""
    return any(name.startswith(ENDS_STAGE) for name in names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read a Swin; ``ema`` is a copy with the same names. Merging patches becomes part of the stage that it begins."""
    return with_ema(Weights(LABEL, _read(tensors)), None if ema is None else _read(ema))


def _read(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    state, at_end = {}, merges_at_end(tensors)
    for name, tensor in tensors.items():
        if name.endswith(REBUILT):
            continue
        if at_end and (merging := MERGING.fullmatch(name)):
            state[f"{ENCODER}layers.{int(merging[1]) + 1}.{merging[2]}"] = tensor
        else:
            state[rename(name, OUTER) or ENCODER + name] = tensor
    return state
