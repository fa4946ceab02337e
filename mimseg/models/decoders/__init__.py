"""Decoders and the neck that they share."""

from .neck import MaskTokenNeck
from .transformer import TransformerDecoder

__all__ = ["MaskTokenNeck", "TransformerDecoder"]
