"""Formats of checkpoints: which one a file is of, and reading it into this project's names."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from . import detectron2, hf, mae, mimseg, timm
from .mimseg import describe
from .weights import Weights, listed

FORMATS = (mimseg, hf, detectron2, mae, timm)

__all__ = ["FORMATS", "Weights", "describe", "read_tensors"]


def read_tensors(
    tensors: dict[str, Tensor], ema: dict[str, Tensor] | None, facts: Mapping[str, Any], own_names: frozenset[str]
) -> Weights:
    """A checkpoint's tensors under this project's names.

    Args:
        tensors: by the file's names, wrappers' prefixes removed.
        ema: an EMA copy that lies beside them, likewise.
        facts: what the file tells besides tensors: our own description, or a Hugging Face config.
        own_names: names of the model at hand; a file that has some of them is one of ours.

    Raises:
        ValueError: no format has such names.
    """
    for form in FORMATS:
        if form.fits(tensors.keys()):
            break
    else:
        if not own_names & tensors.keys():
            raise ValueError(
                f"its tensors are named as in no known format: {listed(sorted(tensors))}; known are mimseg, official "
                "MAE and HPM, timm ViT, Hugging Face ViTMAE and ViT, and detectron2 ViTDet"
            )
        form = mimseg
    weights: Weights = form.read(tensors, facts, ema)
    return weights
