"""Features of a teacher as target."""

from collections.abc import Mapping

from torch import Tensor

from ...registry import MODELS
from ..backbones.base import BlockFeatures, MaskedEncoder, Rows
from ..step import Step, Want
from ..teachers.base import Teacher
from .base import Target


@MODELS.register_module()
class FeatureTarget(Target):
    """A teacher's patch features of the full image (HPM, Table 1: EMA, DINO, CLIP; FastMIM, section 5.6).

    Args:
        teacher: which teacher to ask.
        block: which of its blocks they leave, 0-based, before any norm (distillation in DMAE); None takes them after
            the last block and the final norm.
    """

    def __init__(self, teacher: str = "ema", block: int | None = None) -> None:
        super().__init__()
        self.teacher = teacher
        self.block = None if block is None else BlockFeatures(block)
        want: Want = self.block or "features"
        self.needs = frozenset({(teacher, want)})

    def out_dim(self, encoder: MaskedEncoder, teachers: Mapping[str, Teacher]) -> int:
        """Width of the teacher's features."""
        return teachers[self.teacher].feature_dim(encoder)

    def forward(self, step: Step, rows: Rows = "masked") -> Tensor:
        """``(B, M, D)``.

        Raises:
            ValueError: the teacher cuts the image into another number of patches.
        """
        view = step.views[self.teacher]
        features = view.features if self.block is None else view.blocks.get(self.block)
        if features is None:
            raise RuntimeError(f"teacher {self.teacher!r} was not asked for its features")
        if features.shape[1] != step.length:
            raise ValueError(
                f"teacher {self.teacher!r} gives {features.shape[1]} patch features but the student has {step.length} "
                f"patches ({step.grid[0]}x{step.grid[1]}); use a teacher with patch size {step.patch_size}"
            )
        return step.select(features, rows)
