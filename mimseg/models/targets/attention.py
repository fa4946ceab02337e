"""A teacher's attention as target."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from ...choices import one_of
from ...ops.attention import PatchAttention
from ...ops.ranking import standardize
from ...ops.salience import min_max
from ...registry import MODELS
from ..backbones.base import MaskedEncoder, Rows
from ..step import Step
from ..teachers.base import Teacher
from .base import Target

Normalize = Literal["standardized", "minmax", "shift", "raw"]


@MODELS.register_module()
class AttentionTarget(Target):
    """A teacher's global patch-wise attention of the full image: masked attention modeling (GPA, Eq. 7).

    With the arguments of the :class:`AttentionScore` that masks it is the very same map, computed once.

    Args:
        teacher: which teacher to ask.
        block, head, axis, with_self, with_class: which map, see :class:`mimseg.ops.attention.PatchAttention`.
        normalize: 'standardized' gives the values of all patches of an image zero mean and unit variance (public code),
            'minmax' stretches them to [0, 1], 'shift' subtracts the lowest of an image, 'raw' leaves them as Eq. 7 has
            them. Eq. 7 sums over masked patches where :class:`PatchMSE` takes the mean: with ``weight=M`` of the task
            it is the sum.

    Raises:
        ValueError: unknown ``axis`` or ``normalize``.
    """

    def __init__(
        self,
        teacher: str,
        block: int = 9,
        head: int | None = 11,
        axis: Literal["key", "query"] = "key",
        with_self: bool = True,
        with_class: bool = True,
        normalize: Normalize = "standardized",
    ) -> None:
        super().__init__()
        one_of("AttentionTarget: normalize", normalize, Normalize)
        self.teacher, self.normalize = teacher, normalize
        self.want = PatchAttention(block, head, axis, with_self, with_class)
        self.needs = frozenset({(teacher, self.want)})

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """One number per patch."""
        return 1

    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """``(B, M, 1)``, or packed, or ``(B, L, 1)`` at all; normalised over all patches in either case.

        Raises:
            ValueError: the teacher cuts the image into another number of patches.
        """
        attention = step.views[self.teacher].attention[self.want]
        if attention.shape[1] != step.length:
            raise ValueError(
                f"teacher {self.teacher!r} gives the attention of {attention.shape[1]} patches but the student has "
                f"{step.length} ({step.grid[0]}x{step.grid[1]}); use a teacher with patch size {step.patch_size}"
            )
        if self.normalize == "shift":
            attention = attention - attention.amin(dim=1, keepdim=True)
        elif self.normalize != "raw":
            attention = min_max(attention)
        if self.normalize == "standardized":
            attention = standardize(attention)
        return step.select(attention.unsqueeze(-1), rows)
