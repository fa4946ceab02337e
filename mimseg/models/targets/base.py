"""The contract of targets."""

from collections.abc import Mapping

from torch import Tensor, nn

from ..backbones.base import MaskedEncoder, Rows
from ..step import Need, Step
from ..teachers.base import Teacher


class Target(nn.Module):
    """What a task's predictions are compared with.

    Attributes:
        needs: what it reads of the teachers' views.
        reads: names of earlier tasks whose per-patch loss it reads.
    """

    needs: frozenset[Need] = frozenset()
    reads: frozenset[str] = frozenset()

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """Length of the target of one patch."""
        raise NotImplementedError

    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """Targets ``(B, M, out_dim)`` at the masked patches, or packed, or at all ``(B, L, out_dim)``; no gradient."""
        raise NotImplementedError
