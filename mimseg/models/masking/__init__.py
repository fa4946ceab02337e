"""Where to mask: score x policy x ratio."""

from .generator import MaskGenerator
from .policies import EasyToHardPolicy, NoisyPolicy, Policy, RandomPolicy
from .ratios import FixedRatio
from .scores import PredictedLossScore, SalienceScore, Score

__all__ = [
    "EasyToHardPolicy",
    "FixedRatio",
    "MaskGenerator",
    "NoisyPolicy",
    "Policy",
    "PredictedLossScore",
    "RandomPolicy",
    "SalienceScore",
    "Score",
]
