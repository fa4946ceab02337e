"""Attention maps of a teacher: patch-wise (GPA) and of the class token (AttMask, AMT)."""

from typing import Literal

from torch import Tensor

from ....ops.attention import AttentionMap, ClassAttention, Heads, PatchAttention
from ....registry import MODELS
from ...step import Step
from .base import Score


class MapScore(Score):
    """An attention map of a teacher, as it is."""

    def __init__(self, teacher: str, want: AttentionMap) -> None:
        super().__init__()
        self.teacher, self.want = teacher, want
        self.needs = frozenset({(teacher, want)})

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, fp32."""
        return step.views[self.teacher].attention[self.want]


@MODELS.register_module()
class AttentionScore(MapScore):
    """Global patch-wise attention of one head of a teacher that sees the full image (GPA, Eq. 4 and 5).

    Block 9 and head 11, the paper's b9h11, are what its few-shot selection chose for a ViT-B; the paper's h-1, the sum
    of all heads, is ``head=None`` here.

    Args:
        teacher: which teacher to ask.
        block, head, axis, with_self, with_class: which map, see :class:`mimseg.ops.attention.PatchAttention`.

    Raises:
        ValueError: unknown ``axis``.
    """

    def __init__(
        self,
        teacher: str,
        block: int = 9,
        head: int | None = 11,
        axis: Literal["key", "query"] = "key",
        with_self: bool = True,
        with_class: bool = True,
    ) -> None:
        super().__init__(teacher, PatchAttention(block, head, axis, with_self, with_class))


@MODELS.register_module()
class ClassAttentionScore(MapScore):
    """The attention that a teacher's class token pays to each patch of the full image (AttMask, section 3).

    Args:
        teacher: which teacher to ask.
        block: 0-based block; negative counts from the last.
        heads: 'mean' averages the heads (AttMask); 'minmax_mean' stretches each to [0, 1] first (AMT's public code).

    Raises:
        ValueError: unknown ``heads``.
    """

    def __init__(self, teacher: str, block: int = -1, heads: Heads = "mean") -> None:
        super().__init__(teacher, ClassAttention(block, heads))
