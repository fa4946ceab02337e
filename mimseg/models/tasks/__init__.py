"""Pretext tasks: decoder + target + loss."""

from .losses import AbsolutePatchLoss, PatchCosine, PatchLoss, PatchMSE, RelativePatchLoss
from .task import Task

__all__ = ["AbsolutePatchLoss", "PatchCosine", "PatchLoss", "PatchMSE", "RelativePatchLoss", "Task"]
