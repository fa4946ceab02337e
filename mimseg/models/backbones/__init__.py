"""Encoders: who sees what."""

from .base import Latent, MaskedEncoder
from .cmt import CMT
from .dense_backbone import DenseBackbone
from .dense_vit import DenseViT
from .swin import DenseSwin
from .vit import ARCHS, SparseViT

__all__ = ["ARCHS", "CMT", "DenseBackbone", "DenseSwin", "DenseViT", "Latent", "MaskedEncoder", "SparseViT"]
