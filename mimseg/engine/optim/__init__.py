"""Optimizer wrapper and parameter groups."""

from .constructor import WeightDecayByShape
from .flag import DeviceFlag
from .wrapper import MIMOptimWrapper

__all__ = ["DeviceFlag", "MIMOptimWrapper", "WeightDecayByShape"]
