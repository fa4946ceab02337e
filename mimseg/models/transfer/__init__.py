"""Backbones and necks for detection and segmentation, around the encoders of pre-training."""

from .base import PretrainedBackbone
from .hierarchical import HierarchicalBackbone
from .pretrained import MIMPretrained
from .pyramids import FourTapPyramid, LN2d, SimplePyramid
from .relative import DecomposedPositions, TablePositions
from .vit import ViTBackbone

__all__ = [
    "DecomposedPositions",
    "FourTapPyramid",
    "HierarchicalBackbone",
    "LN2d",
    "MIMPretrained",
    "PretrainedBackbone",
    "SimplePyramid",
    "TablePositions",
    "ViTBackbone",
]
