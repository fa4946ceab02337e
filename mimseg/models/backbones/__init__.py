"""Encoders: who sees what."""

from .any_backbone import DenseBackbone
from .base import Latent, MaskedEncoder
from .cmt import CMT
from .dense_swin import DenseSwin
from .dense_vit import DenseViT
from .plain_vit import ARCHS, PlainViT
from .sparse_vit import SparseViT

__all__ = ["ARCHS", "CMT", "DenseBackbone", "DenseSwin", "DenseViT", "Latent", "MaskedEncoder", "PlainViT", "SparseViT"]
