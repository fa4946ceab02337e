"""CMT of its public code and FastMIM's, read into a :class:`mimseg.models.backbones.cmt.CMT` in a DenseBackbone."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from .weights import BACKBONE, FINAL_NORM, Weights, rename, with_ema

LABEL = "CMT"
FIRST = "patch_embed_a.proj.weight"
STAGES = "abcd"
STEM = re.compile(r"stem_(conv|norm)(\d)\.(.+)")
BLOCK = re.compile(r"blocks_([a-d])\.(\d+)\.(.+)")
EMBED = re.compile(r"patch_embed_([a-d])\.(proj|norm)\.(.+)")
POSITIONS = re.compile(r"relative_pos_([a-d])")
BLOCK_PARTS = {
    "proj.": "perceive.",
    "attn.q.": "attn.query.",
    "attn.sr.": "attn.reduce.",
    "mlp.conv1.": "mlp.expand.",
    "mlp.proj.": "mlp.depthwise.",
    "mlp.proj_bn.": "mlp.project.1.",
    "mlp.conv2.0.": "mlp.project.2.",
    "mlp.conv2.1.": "mlp.project.3.",
}
KEY_VALUE = re.compile(r"attn\.([kv])\.(weight|bias)")
OUTER = {"norm.": FINAL_NORM, "head.": "head.", "_fc.": "expand.conv.", "_bn.": "expand.norm."}
CONVOLUTION = "expand.conv.weight"


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a CMT."""
    return FIRST in names and "relative_pos_a" in names


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read a CMT; ``ema`` is a copy with the same names. Keys and values, one projection here, are joined."""
    return with_ema(Weights(LABEL, _read(tensors)), None if ema is None else _read(ema))


def _read(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    halves: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        block = BLOCK.fullmatch(name)
        if block is None:
            state[rename(name, OUTER) or BACKBONE + (_outer(name) or name)] = tensor
            continue
        inside = f"{BACKBONE}stages.{STAGES.index(block[1])}.blocks.{block[2]}."
        if half := KEY_VALUE.fullmatch(block[3]):
            halves.setdefault(f"{inside}attn.key_value.{half[2]}", {})[half[1]] = tensor
        else:
            state[inside + (rename(block[3], BLOCK_PARTS) or block[3])] = tensor
    if CONVOLUTION in state:  # of 1 x 1, which is linear on tokens
        state[CONVOLUTION] = state[CONVOLUTION].flatten(1)
    for name, parts in halves.items():
        if len(parts) < 2:
            raise ValueError(f"its {name} is incomplete: only {', '.join(parts)}; copy the file again")
        state[name] = torch.cat([parts["k"], parts["v"]])
    return state


def _outer(name: str) -> str | None:
    """Our name of a part of the stem, or of a stage's embedding or positions."""
    if stem := STEM.fullmatch(name):
        index = 3 * (int(stem[2]) - 1) + (0 if stem[1] == "conv" else 2)
        return f"stem.{index}.{stem[3]}"
    if embed := EMBED.fullmatch(name):
        part = "embed" if embed[2] == "proj" else "norm"
        return f"stages.{STAGES.index(embed[1])}.{part}.{embed[3]}"
    if positions := POSITIONS.fullmatch(name):
        return f"stages.{STAGES.index(positions[1])}.relative_position_bias"
    return None
