"""Optimizer wrapper, parameter groups, and the optimizers that MMEngine does not know by itself."""

from timm.optim import Lars

from ...registry import OPTIMIZERS
from .constructor import LayerDecay, WeightDecayByShape
from .flag import DeviceFlag
from .wrapper import MIMOptimWrapper

OPTIMIZERS.register_module(name="Lars", module=Lars)

__all__ = ["DeviceFlag", "LayerDecay", "MIMOptimWrapper", "WeightDecayByShape"]
