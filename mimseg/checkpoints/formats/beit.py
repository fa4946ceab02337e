"""ViTs of BEiT, SimMIM and timm's BEiT: relative positions, biases of queries and values, LayerScale.

Tables of relative positions have our rows (:class:`mimseg.models.backbones.relative_positions.RelativePositionBias`).
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from ..adapt import square_grid
from . import timm
from .weights import RELATIVE, RELATIVE_SIZE, Weights, relative_of, relative_size_of

LABEL = "BEiT or SimMIM ViT"
PREFIXES = {**timm.PREFIXES, "mask_token": "encoder.mask_token"}
SHARED = "rel_pos_bias.relative_position_bias_table"
OF_BLOCK = re.compile(r"blocks\.(\d+)\.attn\.relative_position_bias_table")
GAMMA = re.compile(r"(blocks\.\d+)\.gamma_([12])")
BIAS = re.compile(r"(blocks\.\d+\.attn)\.([qkv])_bias")
REBUILT = "relative_position_index"
CLASS_ROWS = 3


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a ViT with BEiT's parts."""
    parts = (GAMMA, BIAS, OF_BLOCK)
    return timm.fits(names) and (SHARED in names or any(part.fullmatch(name) for name in names for part in parts))


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read the ViT; ``ema`` is a copy with the same names.

    Raises:
        ValueError: a table of relative positions is of no square grid.
    """
    weights = timm.read_vit(LABEL, as_timm(tensors), PREFIXES, None if ema is None else as_timm(ema))
    for name in [name for name in weights.state if name.startswith("encoder.relative_position_bias_table")]:
        block = name.rpartition(".")[2]
        table = weights.state.pop(name)
        grid = torch.tensor(_grid(table))
        ours = (RELATIVE, RELATIVE_SIZE) if block == "shared" else (relative_of(block), relative_size_of(block))
        weights.state.update(zip(ours, (table, grid), strict=True))
    return weights


def as_timm(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names of timm's VisionTransformer, and their tables as ``relative_position_bias_table.*``.

    Keys have no bias, which no softmax would see; where queries and values have none either, all are zero.
    """
    state: dict[str, Tensor] = {}
    biases: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.endswith(REBUILT):
            continue
        if gamma := GAMMA.fullmatch(name):
            state[f"{gamma[1]}.ls{gamma[2]}.gamma"] = tensor
        elif bias := BIAS.fullmatch(name):
            biases.setdefault(bias[1], {})[bias[2]] = tensor
        elif table := OF_BLOCK.fullmatch(name):
            state[f"relative_position_bias_table.{table[1]}"] = tensor
        else:
            state["relative_position_bias_table.shared" if name == SHARED else name] = tensor
    for name in [name for name in state if name.endswith(".attn.qkv.weight")]:
        attention, weight = name.removesuffix(".qkv.weight"), state[name]
        if f"{attention}.qkv.bias" not in state:
            none, own = weight.new_zeros(len(weight) // 3), biases.get(attention, {})
            state[f"{attention}.qkv.bias"] = torch.cat([own.get(part, none) for part in "qkv"])
    return state


def _grid(table: Tensor) -> tuple[int, int]:
    """The square patch grid of a table."""
    side = square_grid(len(table) - CLASS_ROWS)
    if side is None or side[0] % 2 == 0:
        raise ValueError(
            f"its table of relative positions has {len(table)} rows, which are no (2 h - 1)^2 + {CLASS_ROWS} of a "
            "square patch grid; only ViTs for square images with a class token are read"
        )
    return (side[0] + 1) // 2, (side[0] + 1) // 2
