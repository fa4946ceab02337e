"""Which parameters of a network are of which block, by their names: for layer-wise decay and truncation."""

import re
from typing import Any, Literal

from timm.models import group_parameters
from torch import nn

BLOCKS = r"\b(?:blocks)(?:\.\d+)+"
"""How networks of timm and of this project name their blocks."""
Between = Literal["follows", "precedes"]
"""Whose layer a patch embedding between two stages is of: that of the block that follows or precedes it."""


def find_blocks(network: nn.Module, pattern: str) -> list[str]:
    """Find the names of the blocks, in order: the longest that the pattern matches in parameters' names."""
    found = (re.search(rf"^(.*?{pattern})\.", name) for name, _ in network.named_parameters())
    return list(dict.fromkeys(match.group(1) for match in found if match))


def layers_of(network: Any, blocks: list[str], pattern: str, between: Between = "follows") -> dict[str, int]:
    """Find the layer of every parameter: 0 for the stem, i + 1 for block i and what leads to it, or from it.

    What follows a block within its stage (a norm) is of that block's layer. With ``between='follows'`` timm's own
    grouping is taken where it tells at least as many layers apart.

    Args:
        network: the backbone.
        blocks: names of its blocks, in order.
        pattern: what found them.
        between: see :class:`DenseBackbone`.
    """
    names = [parameter for parameter, _ in network.named_parameters()]
    if hasattr(network, "group_matcher") and between == "follows":
        grouped = group_parameters(network, network.group_matcher(coarse=False), reverse=True)
        if len(set(grouped.values())) > len(blocks):
            return {parameter: int(grouped[parameter]) for parameter in names}
    stages = ["", *(re.sub(rf"{pattern}$", "", block) for block in blocks), ""]
    layers, last = {}, 0
    for parameter in names:
        inside = [index for index, block in enumerate(blocks, 1) if parameter.startswith(f"{block}.")]
        here, following = (bool(stages[i]) and parameter.startswith(stages[i]) for i in (last, last + 1))
        if inside:
            last = layers[parameter] = inside[0]
        elif between == "precedes":
            layers[parameter] = last + (last == len(blocks))
        elif here or last == len(blocks) or (last == 0 and not following):
            layers[parameter] = last
        else:
            layers[parameter] = last + 1
    return layers
