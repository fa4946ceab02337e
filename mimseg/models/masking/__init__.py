"""Where to mask: score x policy x ratio."""

from .generator import Decision, MaskGenerator
from .policies import (
    AMTPolicy,
    AttMaskPolicy,
    BlockPolicy,
    Draw,
    EasyToHardPolicy,
    NoisyPolicy,
    Policy,
    RandomPolicy,
    SoftToHardPolicy,
    UniformPolicy,
)
from .ratios import AdaptiveRatio, FixedRatio, Ratio
from .scores import AttentionScore, ClassAttentionScore, PredictedLossScore, SalienceScore, Score

__all__ = [
    "AMTPolicy",
    "AdaptiveRatio",
    "AttMaskPolicy",
    "AttentionScore",
    "BlockPolicy",
    "ClassAttentionScore",
    "Decision",
    "Draw",
    "EasyToHardPolicy",
    "FixedRatio",
    "MaskGenerator",
    "NoisyPolicy",
    "Policy",
    "PredictedLossScore",
    "RandomPolicy",
    "Ratio",
    "SalienceScore",
    "Score",
    "SoftToHardPolicy",
    "UniformPolicy",
]
