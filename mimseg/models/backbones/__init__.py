"""Encoders: who sees what."""

from .base import Latent, MaskedEncoder
from .dense_vit import DenseViT
from .swin import DenseSwin
from .vit import ARCHS, SparseViT

__all__ = ["ARCHS", "DenseSwin", "DenseViT", "Latent", "MaskedEncoder", "SparseViT"]
