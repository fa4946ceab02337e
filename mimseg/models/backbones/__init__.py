"""Encoders: who sees what."""

from .any_backbone import DenseBackbone
from .base import Latent, MaskedEncoder
from .cmt import CMT
from .dense_swin import DenseSwin
from .dense_vit import DenseViT
from .sparse_vit import ARCHS, SparseViT

__all__ = ["ARCHS", "CMT", "DenseBackbone", "DenseSwin", "DenseViT", "Latent", "MaskedEncoder", "SparseViT"]
