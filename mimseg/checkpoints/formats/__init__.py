"""Formats of checkpoints: which one a file is of, and reading it into this project's names."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..wrapping import prefixes, under
from . import beit, cmt, detectron2, heads, hf, mae, mimseg, mmpretrain, pvt, swin, timm
from .families import hint
from .mimseg import describe
from .network import Network
from .weights import BACKBONE, Weights, listed

__all__ = ["Weights", "describe", "read_tensors"]

OWN_FACT = "heads"
"""What a file of this project always tells of itself (:func:`mimseg.checkpoints.describe`), and no other's config."""
DETECTORS = "backbone.encoder."
"""How names of encoders begin in this project's detectors and segmentors."""


def read_tensors(
    tensors: dict[str, Tensor], ema: dict[str, Tensor] | None, facts: Mapping[str, Any], own_names: frozenset[str]
) -> Weights:
    """A checkpoint's tensors under this project's names.

    Args:
        tensors: by the file's names.
        ema: an EMA copy that lies beside them, likewise.
        facts: what the file tells besides tensors: our own description, or a Hugging Face config.
        own_names: names of the model at hand, which tell a file of the network that it wraps, and one of ours.

    Raises:
        ValueError: no format has such names, below any prefix.
    """
    weights: Weights
    whole = any(name.startswith(DETECTORS) for name in own_names & tensors.keys())  # a detector tells nothing of itself
    if OWN_FACT in facts or whole:
        weights = mimseg.read(tensors, facts, ema)
        weights.names = tuple(tensors)
        return weights
    network = Network(own_names)
    formats = (mimseg, hf, detectron2, mmpretrain, swin, network, beit, cmt, pvt, mae, timm)
    for prefix in prefixes(tensors):
        inside = under(tensors, prefix)
        if form := next((form for form in formats if form.fits(inside.keys())), None):
            break
    else:
        if not own_names & tensors.keys() and not any(name.startswith(BACKBONE) for name in tensors):
            raise ValueError(
                f"its tensors are named as in no known format: {listed(sorted(tensors))}, {len(tensors)} in all; "
                f"{hint(tensors)}"
            )
        form, prefix, inside = mimseg, "", tensors
    weights = form.read(inside, facts, None if ema is None else _copy(form, ema))
    weights.names = tuple(tensors)
    if prefix:
        weights.notes.append(f"the encoder's names begin with {prefix!r} in the file")
    if form is not mimseg:
        heads.read(weights, {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)})
    if form is swin and network.inner:
        weights.state = network.host(weights.state)
        weights.ema = None if weights.ema is None else network.host(weights.ema)
    return weights


def _copy(form: Any, ema: dict[str, Tensor]) -> dict[str, Tensor]:
    """An EMA copy without its prefix, which need not be the other's."""
    found = (under(ema, prefix) for prefix in prefixes(ema))
    return next((inside for inside in found if form.fits(inside.keys())), ema)
