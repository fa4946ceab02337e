"""Which images are worth training on: selectors, the budget, and the hook that chooses a subset between epochs."""

from .base import Selector
from .budget import SelectionPlan, budget_of, end_for, keep_for, make_plan
from .hook import SelectionHook
from .selectors import BSSSelector, LossSelector, RandomSelector, WSSSelector

__all__ = [
    "BSSSelector",
    "LossSelector",
    "RandomSelector",
    "SelectionHook",
    "SelectionPlan",
    "Selector",
    "WSSSelector",
    "budget_of",
    "end_for",
    "keep_for",
    "make_plan",
]
