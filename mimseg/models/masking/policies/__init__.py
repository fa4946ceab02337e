"""Policies: from scores to a mask, more or less at random; one idea a file."""

from .amt import AMTPolicy
from .attmask import AttMaskPolicy
from .base import Draw, Policy
from .block import BlockPolicy
from .easy_to_hard import EasyToHardPolicy
from .noisy import NoisyPolicy
from .random import RandomPolicy
from .soft_to_hard import SoftToHardPolicy
from .uniform import UniformPolicy

__all__ = [
    "AMTPolicy",
    "AttMaskPolicy",
    "BlockPolicy",
    "Draw",
    "EasyToHardPolicy",
    "NoisyPolicy",
    "Policy",
    "RandomPolicy",
    "SoftToHardPolicy",
    "UniformPolicy",
]
