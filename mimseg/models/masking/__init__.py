"""Where to mask: score x policy x ratio."""

from .attention_guided import AMTPolicy, AttMaskPolicy
from .block import BlockPolicy
from .generator import Decision, MaskGenerator
from .policies import EasyToHardPolicy, NoisyPolicy, Policy, RandomPolicy
from .ratios import AdaptiveRatio, FixedRatio, Ratio
from .scores import AttentionScore, ClassAttentionScore, PredictedLossScore, SalienceScore, Score
from .soft_to_hard import SoftToHardPolicy
from .uniform import UniformPolicy

__all__ = [
    "AMTPolicy",
    "AdaptiveRatio",
    "AttMaskPolicy",
    "AttentionScore",
    "BlockPolicy",
    "ClassAttentionScore",
    "Decision",
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
