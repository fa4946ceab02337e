"""Writing Hugging Face's plain ViT; :mod:`mimseg.checkpoints.formats.hf` reads it."""

from typing import Any

from torch import Tensor

from . import hf
from .weights import Weights


def prefixes_to_write(weights: Weights) -> dict[str, str]:
    """From our names to the outer part of Hugging Face's; decoders and heads have no place."""
    prefixes = hf.prefixes_to_write(weights).items()
    return {ours: theirs for ours, theirs in prefixes if not theirs.startswith("decoder.")}


def write(weights: Weights, grid: tuple[int, int]) -> dict[str, Tensor]:
    """The tensors of ``ViTModel`` without its pooling layer; those without a place there are left out.

    Raises:
        ValueError: the encoder has no final norm, or blocks have parts that ViT's have not.
    """
    if "encoder.norm.weight" not in weights.state:
        raise ValueError(
            "--to hf-vit: its encoder has no final norm, which ViTModel has (a fine-tuned classifier pools first); use "
            "--to timm"
        )
    return hf.encoder_tensors(weights, grid, prefixes_to_write(weights), "hf-vit")


def config(weights: Weights, grid: tuple[int, int], num_heads: int) -> dict[str, Any]:
    """Write config.json."""
    size, _ = weights.known_patch()
    height, width = (side * size for side in grid)
    return {
        "architectures": ["ViTModel"],
        "model_type": "vit",
        **hf.encoder_sizes(weights, num_heads),
        "image_size": height if height == width else [height, width],
    }
