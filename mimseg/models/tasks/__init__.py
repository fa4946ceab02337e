"""Pretext tasks: decoder + target + loss."""

from .losses import AbsolutePatchLoss, PatchCosine, PatchL1, PatchLoss, PatchMSE, RelativePatchLoss
from .task import Task

__all__ = ["AbsolutePatchLoss", "PatchCosine", "PatchL1", "PatchLoss", "PatchMSE", "RelativePatchLoss", "Task"]
