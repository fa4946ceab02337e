"""Easy to hard (HPM): a growing share of the hardest patches."""

from typing import Literal

from torch import Tensor

from ....ops.masking import mask_hard_then_random, mask_largest
from ....registry import MODELS
from .base import Draw, Policy, check_select, share_of


@MODELS.register_module()
class EasyToHardPolicy(Policy):
    """Mask a growing share of the hardest patches, the others at random (HPM, section 3.4).

    ``alpha = alpha_start + progress * (alpha_end - alpha_start)``; ``int(alpha * masked)`` patches are masked by score.
    Hard-to-easy is ``alpha_start=0.5, alpha_end=0``; a fixed share has both equal.

    Args:
        alpha_start: share at the beginning, in [0, 1].
        alpha_end: share at the end, in [0, 1].
        select: 'max' masks the highest scores, 'min' the lowest (the argmin ablation).

    Raises:
        ValueError: a share outside [0, 1] or an unknown ``select``.
    """

    def __init__(self, alpha_start: float = 0.0, alpha_end: float = 0.5, select: Literal["max", "min"] = "max") -> None:
        super().__init__()
        if not (0 <= alpha_start <= 1 and 0 <= alpha_end <= 1):
            raise ValueError(f"alpha_start={alpha_start} and alpha_end={alpha_end} must lie in [0, 1]")
        self.alpha_start, self.alpha_end, self.select = alpha_start, alpha_end, check_select(select)

    def hard(self, masked: int | Tensor, progress: float) -> int | Tensor:
        """How many patches are masked by score: ``floor(alpha * masked)``, like ``masked`` one number or ``(B)``."""
        return share_of(masked, self.alpha_start + progress * (self.alpha_end - self.alpha_start))

    def needs_score_at(self, masked: int, progress: float) -> bool:
        """False as long as the schedule masks nothing by score: the teacher need not run."""
        return bool(self.hard(masked, progress) > 0)

    def forward(self, draw: Draw) -> Tensor:
        """Hard patches for certain, the rest by noise."""
        if draw.score is None:
            return mask_largest(draw.noise, draw.masked)
        signed = draw.score if self.select == "max" else -draw.score
        return mask_hard_then_random(signed, draw.noise, draw.masked, self.hard(draw.masked, draw.progress))
