"""Another task's loss as target."""

from collections.abc import Mapping

from torch import Tensor

from ...registry import MODELS
from ..backbones.base import MaskedEncoder, Rows
from ..step import Step
from ..teachers.base import Teacher
from .base import Target


@MODELS.register_module()
class PatchLossTarget(Target):
    """The detached per-patch loss of an earlier task in this step (HPM, section 3.3).

    Args:
        task: name of that task.
    """

    def __init__(self, task: str = "reconstruct") -> None:
        super().__init__()
        self.task = task
        self.needs_loss_of = frozenset({task})

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """One number per patch."""
        return 1

    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """``(B, M, 1)``."""
        return step.patch_losses[self.task].unsqueeze(-1)
