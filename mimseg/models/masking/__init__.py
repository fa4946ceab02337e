"""Where to mask: score x policy x ratio."""

from .generator import MaskGenerator
from .policies import EasyToHardPolicy, Policy, RandomPolicy
from .ratios import FixedRatio
from .scores import PredictedLossScore, Score

__all__ = [
    "EasyToHardPolicy",
    "FixedRatio",
    "MaskGenerator",
    "Policy",
    "PredictedLossScore",
    "RandomPolicy",
    "Score",
]
