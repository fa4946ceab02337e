"""ViTs whose fixed positions encode the row in the first half of the channels, as mmpretrain's do; ours the column.

A ViT computes the same when all channels of its residual stream are reordered alike. So the halves change places, and
our fixed positions are the file's; the tokens that come out have their halves in the other order.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from ..adapt import fixed_grid

INTO = re.compile(r".*(attn\.qkv|mlp\.fc1)\.weight|decoder_pred\.weight|head\.weight")
INSIDE = re.compile(r".*(attn\.qkv|mlp\.fc1)\.bias|decoder_pred\.bias|head\.bias")
TOKENS = re.compile(r"cls_token|mask_token|(decoder_)?pos_embed")


def is_rows_first(positions: Tensor | None) -> bool:
    """Whether a table ``(1, 1 + L, D)`` is the fixed one of some grid, rows first."""
    if positions is None or positions.shape[-1] % 4:
        return False
    table = positions.reshape(-1, positions.shape[-1])
    return fixed_grid(table) is None and fixed_grid(_swapped(table, 1)) is not None


def columns_first(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """An encoder's, classifier's or decoder's tensors by the names of timm and MAE, their stream reordered."""
    return {name: _reordered(name, tensor) for name, tensor in tensors.items()}


def into_decoder(weight: Tensor) -> Tensor:
    """The weight of the projection from an encoder, for the reordered encoder."""
    return _swapped(weight, 1)


def _reordered(name: str, tensor: Tensor) -> Tensor:
    if INSIDE.fullmatch(name):
        return tensor
    if TOKENS.fullmatch(name):
        return _swapped(tensor, -1)
    return _swapped(tensor, 1 if INTO.fullmatch(name) else 0)


def _swapped(tensor: Tensor, dim: int) -> Tensor:
    """A tensor with the halves of a dimension in the other order."""
    return tensor.roll(tensor.shape[dim] // 2, dim)
