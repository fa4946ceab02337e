"""What files have beside an encoder of another convention: decoders of pre-training, and classifiers."""

from collections.abc import Mapping

from torch import Tensor

from . import mae, mmpretrain, rows_first, timm
from .weights import Weights, rename

RECONSTRUCT = mae.RECONSTRUCT
DECODERS = {old: new for old, new in mae.PREFIXES.items() if old not in timm.PREFIXES}
NECK = "neck."
CLASSIFIERS = {
    "head.fc.": "head.",
    "head.layers.head.": "head.",
    "head.weight": "head.weight",
    "head.bias": "head.bias",
}
PIXELS = ("decoder.0.weight", "decoder.0.bias")
"""SimMIM's decoder: a 1 x 1 convolution, and pixels from its channels."""


def read(weights: Weights, outside: Mapping[str, Tensor]) -> None:
    """Add to ``weights`` what of ``outside`` is known; the rest counts as others."""
    named = {_plain(name, outside): name for name in outside}
    tensors = {name: outside[theirs] for name, theirs in named.items()}
    tensors = mae.without_fixed(_columns_first(tensors, weights.reordered))
    pixels = tensors.get(PIXELS[0])
    for name, tensor in tensors.items():
        if name in PIXELS and pixels is not None and pixels.ndim == 4 and pixels.shape[2:] == (1, 1):
            weights.state[f"{RECONSTRUCT}head.{name.rpartition('.')[2]}"] = _channels_last(tensor, weights)
        elif name == "mask_token" and tensor.ndim == 4:  # FastMIM's, of pixels
            weights.state["encoder.mask_token"] = tensor
        elif ours := rename(name, DECODERS) or rename(name, CLASSIFIERS):
            weights.state[ours] = tensor
        else:
            weights.others.append(named[name])
    if "head.weight" in weights.state and weights.pool is None:
        weights.pool = "avg" if "norm.weight" in weights.state else "cls"


def _plain(name: str, outside: Mapping[str, Tensor]) -> str:
    """A name of mmpretrain's necks under that of the public code; others as they are."""
    if not name.startswith(NECK):
        return name
    inner = name.removeprefix(NECK)
    if inner.startswith("fc.") and f"{NECK}norm.weight" not in outside:  # MaskFeat's
        return f"decoder_pred.{inner.removeprefix('fc.')}"
    if inner.startswith("ln1."):
        return f"decoder_norm.{inner.removeprefix('ln1.')}"
    return mmpretrain.common(inner)


def _columns_first(tensors: dict[str, Tensor], encoder: bool) -> dict[str, Tensor]:
    """Undo the order of mmpretrain's positions: of a decoder's channels if it has such, and of what reads an encoder's.

    Args:
        tensors: by the names of MAE's public code.
        encoder: whether the encoder's channels were reordered.
    """
    if rows_first.is_rows_first(tensors.get(mae.POSITIONS)):
        decoder = {name: tensor for name, tensor in tensors.items() if rename(name, DECODERS) or name == mae.POSITIONS}
        tensors = tensors | rows_first.columns_first(decoder)
    if encoder:
        reading = {
            name: rows_first.into_decoder(tensors[name])
            for name in tensors
            if name == "decoder_embed.weight" or rename(name, CLASSIFIERS) == "head.weight"
        }
        tensors = tensors | reading
    return tensors


def _channels_last(tensor: Tensor, weights: Weights) -> Tensor:
    """Outputs in the order (channel, row, column) as (row, column, channel), those of a linear layer."""
    channels = weights.patch[1] if weights.patch else weights.state["encoder.patch_embed.proj.weight"].shape[1]
    turned = tensor.reshape(channels, len(tensor) // channels, -1).transpose(0, 1)
    return turned.reshape(tensor.shape[:2]).contiguous()
