"""Formats of checkpoints: which one a file is of, and reading it into this project's names."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..wrapping import STUDENT, follows, prefixes, rivals, under
from . import beit, cmt, detectron2, heads, hf, mae, mimseg, mmpretrain, pvt, swin, timm
from .families import hint
from .mimseg import describe
from .network import Network
from .weights import BACKBONE, Weights, few_of

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
        ema: the tensors of an EMA copy that lies beside them, by its own names.
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
    candidates = prefixes(tensors)

    def form_of(prefix: str) -> Any:
        inside = under(tensors, prefix)
        return next((form for form in formats if form.fits(inside.keys())), None)

    for prefix in candidates:
        if form := form_of(prefix):
            inside = under(tensors, prefix)
            break
    else:
        if not own_names & tensors.keys() and not any(name.startswith(BACKBONE) for name in tensors):
            raise ValueError(
                f"its tensors are named as in no known format: {few_of(sorted(tensors))}, {len(tensors)} in all; "
                f"{hint(tensors)}"
            )
        form, prefix, inside = mimseg, "", tensors
    note = _note_of_choice(prefix, [other for other in rivals(prefix, candidates) if form_of(other)])
    weights = form.read(inside, facts, None if ema is None else _copy(form, ema))
    weights.names = tuple(tensors)
    weights.notes += note
    if prefix:
        weights.notes.append(f"the encoder's names begin with {prefix!r} in the file")
    if form is not mimseg:
        heads.read(weights, {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)})
    if form is swin and network.inner:
        weights.state = network.host(weights.state)
        weights.ema = None if weights.ema is None else network.host(weights.ema)
    return weights


def _note_of_choice(prefix: str, others: list[str]) -> list[str]:
    """What to say of further encoders beside the one that is taken: copies that follow it, or a teacher's student.

    Raises:
        ValueError: nothing tells which is meant.
    """
    if not others:
        return []
    known = all(follows(other) or STUDENT in other for other in others) and not follows(prefix)
    if not known:
        raise ValueError(
            f"it holds several encoders, under {few_of([repr(one) for one in (prefix, *others)])}, and nothing tells "
            "which is meant; write the tensors of one into a file of its own"
        )
    beside = few_of([repr(one) for one in others])
    return [f"the file holds several encoders: {prefix!r} was taken, {beside} left out"]


def _copy(form: Any, ema: dict[str, Tensor]) -> dict[str, Tensor]:
    """An EMA copy without its prefix, which need not be the other's."""
    found = (under(ema, prefix) for prefix in prefixes(ema))
    return next((inside for inside in found if form.fits(inside.keys())), ema)
