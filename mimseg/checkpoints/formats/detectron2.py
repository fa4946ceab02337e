"""detectron2's ViTDet: a ViT as the backbone of a detector, without class token and final norm.

Inside ``backbone.net.`` the names are timm's; its relative positions have ours of :class:`mimseg.models.ViTBackbone`.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from ..adapt import with_class_row
from . import timm
from .weights import Weights

LABEL = "detectron2 ViTDet"
BACKBONE = "backbone.net."
BLOCK_PARTS = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
BLOCK = re.compile(rf"encoder\.blocks\.\d+\.({'|'.join(map(re.escape, BLOCK_PARTS))})\.(weight|bias)")
RELATIVE = re.compile(r"encoder\.blocks\.(\d+)\.attn\.rel_pos_([hw])")
AXES = {"h": "rows", "w": "columns"}
LEFT_OUT = ("encoder.cls_token", "encoder.norm.")
"""Parts of an encoder that ViTDet has not."""


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a detector of detectron2 with a ViT and absolute positions."""
    return {BACKBONE + timm.KERNEL, BACKBONE + timm.POSITIONS} <= set(names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read the backbone; pyramid and heads have no counterpart. There is never a teacher."""
    net = {name.removeprefix(BACKBONE): tensor for name, tensor in tensors.items() if name.startswith(BACKBONE)}
    net[timm.POSITIONS] = with_class_row(net[timm.POSITIONS].reshape(-1, net[timm.POSITIONS].shape[-1]))
    weights = timm.read_vit(LABEL, net, timm.PREFIXES, None)
    weights.state = {_relative(name) or name: tensor for name, tensor in weights.state.items()}
    weights.others += [name for name in tensors if not name.startswith(BACKBONE)]
    return weights


def _relative(name: str) -> str | None:
    found = RELATIVE.fullmatch(name)
    return None if found is None else f"relative.{found[1]}.{AXES[found[2]]}"


def prefixes_to_write(weights: Weights) -> dict[str, str]:
    """From our names to those below ``backbone.net.``."""
    return {ours: theirs for theirs, ours in timm.PREFIXES.items() if theirs in ("patch_embed.proj.bias", "blocks.")}


def write(weights: Weights, grid: tuple[int, int]) -> dict[str, dict[str, Tensor]]:
    """A checkpoint as ``DetectionCheckpointer`` reads it; the position table keeps the row of a class token.

    Raises:
        ValueError: the grid is no square, or blocks have parts that ViTDet's have not.
    """
    if grid[0] != grid[1]:
        raise ValueError(
            f"--to detectron2: ViTDet resizes a square position table, not a {grid[0]}x{grid[1]} patch grid; give a "
            "square --image-size"
        )
    prefixes = prefixes_to_write(weights)
    for name in weights.state:
        if name.startswith("encoder.blocks.") and not BLOCK.fullmatch(name):
            raise ValueError(f"--to detectron2: it has {name}, for which ViTDet has no place; use --to mimseg")
    tensors = timm.write_vit(weights.state, weights, grid, prefixes)
    return {"model": {BACKBONE + name: tensor for name, tensor in tensors.items()}}
