"""What a task is compared with."""

from .attention import AttentionTarget
from .base import Histograms, Picture, Target
from .features import FeatureTarget
from .hog import HOGTarget
from .patch_loss import PatchLossTarget
from .pixels import PixelTarget

__all__ = [
    "AttentionTarget",
    "FeatureTarget",
    "HOGTarget",
    "Histograms",
    "PatchLossTarget",
    "Picture",
    "PixelTarget",
    "Target",
]
