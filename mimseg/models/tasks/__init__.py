"""Pretext tasks: decoder + target + loss."""

from .losses import AbsolutePatchLoss, PatchCosine, PatchL1, PatchLoss, PatchMSE, RelativePatchLoss
from .task import Task, build_tasks

__all__ = [
    "AbsolutePatchLoss",
    "PatchCosine",
    "PatchL1",
    "PatchLoss",
    "PatchMSE",
    "RelativePatchLoss",
    "Task",
    "build_tasks",
]
