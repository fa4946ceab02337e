"""The contract of targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ...moved import refuse_old_names
from ..backbones.base import MaskedEncoder, Rows
from ..step import Need, Step
from ..teachers.base import Teacher


@dataclass(frozen=True)
class Histograms:
    """Orientations of gradients, as targets and predictions have them.

    Attributes:
        truth: of the images ``(B, C * bins, h, w)``, in the order (channel, bin).
        predicted: the same with the predictions in the masked patches.
        bins: number of orientations.
        settings: how they were made, in words.
    """

    truth: Tensor
    predicted: Tensor
    bins: int
    settings: str


@dataclass(frozen=True)
class Picture:
    """What can be drawn of predictions.

    Attributes:
        pixels: normalised images ``(B, C, H, W)`` with the predictions in the masked patches.
        histograms: those of a target of gradients.
        note: which statistics undid a per-patch normalised target; empty if none had to.
    """

    pixels: Tensor | None = None
    histograms: Histograms | None = None
    note: str = ""


class Target(nn.Module):
    """What a task's predictions are compared with.

    Attributes:
        needs: what it reads of the teachers' views.
        needs_loss_of: names of earlier tasks whose per-patch loss it reads.
    """

    needs: frozenset[Need] = frozenset()
    needs_loss_of: frozenset[str] = frozenset()

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse, in one line, a target written for an earlier version.

        Raises:
            TypeError: says what it has to say now.
        """
        super().__init_subclass__(**options)
        refuse_old_names(cls, {"reads": "needs_loss_of"})

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """Length of the target of one patch."""
        raise NotImplementedError

    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """Targets ``(B, M, out_dim)`` at the masked patches, or packed, or at all ``(B, L, out_dim)``; no gradient."""
        raise NotImplementedError

    def picture(self, predicted: Tensor, step: Step) -> Picture:
        """Turn predictions ``(B, M, out_dim)``, or packed, of a masked step into what can be drawn, if they can be."""
        return Picture()
