"""Decoders and the necks that they share."""

from .linear import LinearDecoder
from .neck import MaskTokenNeck, Neck, ProjectionNeck
from .transformer import TransformerDecoder

__all__ = ["LinearDecoder", "MaskTokenNeck", "Neck", "ProjectionNeck", "TransformerDecoder"]
