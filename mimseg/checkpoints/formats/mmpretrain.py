"""mmpretrain's ViT, MAE, MaskFeat, BEiT, Swin and SimMIM; mmdet's and mmseg's Swin have the same names."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor

from . import beit, rows_first, swin, timm
from .weights import Weights

LABEL = "mmpretrain"
KERNEL = "patch_embed.projection.weight"
VIT, SWIN = "layers.0.attn.qkv.weight", "stages.0.blocks.0.attn.w_msa.qkv.weight"
STAGE_NORM = re.compile(r"norm(\d)\.(.+)")
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(old), new)
    for old, new in (
        (r"^patch_embed\.projection\.", "patch_embed.proj."),
        (r"^stages\.", "layers."),
        (r"^layers\.(\d+)\.(?!blocks|downsample)", r"blocks.\1."),
        (r"\.ln([12])\.", r".norm\1."),
        (r"\.ffn\.layers\.0\.0\.", ".mlp.fc1."),
        (r"\.ffn\.layers\.1\.", ".mlp.fc2."),
        (r"\.attn\.gamma1\.weight$", ".ls1.gamma"),
        (r"\.ffn\.gamma2\.weight$", ".ls2.gamma"),
        (r"\.attn\.w_msa\.", ".attn."),
        (r"^ln1\.", "norm."),
        (r"^ln2\.", "fc_norm."),
    )
)


def fits(names: Collection[str]) -> bool:
    """Whether these are names of a ViT or Swin of mmpretrain."""
    return KERNEL in names and (VIT in names or SWIN in names)


def read(tensors: dict[str, Tensor], facts: Mapping[str, Any], ema: dict[str, Tensor] | None = None) -> Weights:
    """Read the backbone.

    Args:
        tensors: its state.
        facts: not used.
        ema: not read: MMEngine's averaging hook swaps the copies, so that ``tensors`` are the averaged ones already.
    """
    is_swin = SWIN in tensors
    renamed = {common(name): tensor for name, tensor in tensors.items()}
    reordered = not is_swin and rows_first.is_rows_first(renamed.get(timm.POSITIONS))
    if reordered:
        renamed = rows_first.columns_first(renamed)
    if is_swin:
        weights = swin.read(_as_swin(renamed), facts)
    else:
        weights = (beit if beit.fits(renamed) else timm).read(renamed, facts)
    if reordered:
        weights.reordered = True
        weights.notes.append(
            "its fixed positions encode rows first: the halves of all channels changed places for ours"
        )
    weights.label = f"{LABEL} {'Swin' if is_swin else 'ViT'}"
    return weights


def common(name: str) -> str:
    """A name in the convention of timm's ViT or of Swin's public code."""
    for old, new in RULES:
        name = old.sub(new, name)
    return name


def _as_swin(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names and orders of Swin's public code; the norms of stages but the last are those of a detector's backbone."""
    stages = [int(found[1]) for name in tensors if (found := STAGE_NORM.fullmatch(name))]
    state = {}
    for name, tensor in tensors.items():
        if norm := STAGE_NORM.fullmatch(name):
            name = f"norm.{norm[2]}" if int(norm[1]) == max(stages) else f"norms.{norm[1]}.{norm[2]}"
        elif ".downsample." in name:
            tensor = _columns_first(tensor)
        state[name] = tensor
    return state


def _columns_first(tensor: Tensor) -> Tensor:
    """A norm or reduction of four neighbours, of (channel, row, column), for (column, row, channel)."""
    split: Tensor = tensor.unflatten(-1, (-1, 2, 2))  # untyped in PyTorch
    return split.transpose(-3, -1).flatten(-3).contiguous()
