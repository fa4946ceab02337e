"""Encoders: who sees what."""

from .base import Latent, MaskedEncoder
from .vit import ARCHS, SparseViT

__all__ = ["ARCHS", "Latent", "MaskedEncoder", "SparseViT"]
