"""The contract of scores: how much a patch deserves to be masked."""

from typing import Any

from torch import Tensor, nn

from ....moved import refuse_old_names
from ...step import Need, Step


class Score(nn.Module):
    """A score ``(B, L)`` per patch, higher = mask first.

    Attributes:
        needs: what it reads of the teachers' views, and of the student (:data:`~mimseg.models.step.EMBEDDING`).
    """

    needs: frozenset[Need] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse, in one line, a score written for an earlier version.

        Raises:
            TypeError: says what it has to say now.
        """
        super().__init_subclass__(**options)
        refuse_old_names(cls, {"reads_tokens": "needs = frozenset({mimseg.models.step.EMBEDDING})"})

    def forward(self, step: Step) -> Tensor:
        """Score the patches of a step that has no mask yet: ``(B, L)``."""
        raise NotImplementedError
