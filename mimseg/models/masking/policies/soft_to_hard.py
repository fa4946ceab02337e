"""From sampling by the score to sorting by it (GPA)."""

from typing import Literal

import torch
from torch import Tensor

from ....choices import one_of
from ....ops.masking import mask_largest, race
from ....ops.salience import min_max
from ....registry import MODELS
from .base import Draw, Policy, share_of

Sampling = Literal["minmax", "softmax", "shift"]


@MODELS.register_module()
class SoftToHardPolicy(Policy):
    """Mask some patches by sorting the scores, some by sampling them, the others at random (GPA, Eq. 6).

    Of M masked patches the ``floor(M * hard)`` highest scores are masked for certain, ``floor(M * soft)``, but no more
    than are left, are drawn without replacement with probabilities that follow the score, and the rest uniformly. Both
    shares change linearly with progress. Patches are drawn from all, the hard ones included (public code): one that is
    drawn twice counts once, and random patches fill up to M.

    Args:
        hard_start: share masked by sorting at the beginning, in [0, 1].
        hard_end: at the end.
        soft_start: share masked by sampling at the beginning, in [0, 1].
        soft_end: at the end.
        sampling: 'minmax' draws in proportion to the scores stretched to [0, 1], so that the lowest of an image is
            drawn last; 'softmax' in proportion to their exponentials; 'shift' in proportion to what they have above the
            lowest, which is the same distribution as 'minmax', a factor being no part of it.
        exclude_hard: draw the soft patches from those that are not hard.

    Raises:
        ValueError: a share outside [0, 1] or an unknown ``sampling``.
    """

    def __init__(
        self,
        hard_start: float = 0.0,
        hard_end: float = 0.5,
        soft_start: float = 0.5,
        soft_end: float = 0.0,
        sampling: Sampling = "minmax",
        exclude_hard: bool = False,
    ) -> None:
        super().__init__()
        shares = {"hard_start": hard_start, "hard_end": hard_end, "soft_start": soft_start, "soft_end": soft_end}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"SoftToHardPolicy: {name}={share} must lie in [0, 1]")
        one_of("SoftToHardPolicy: sampling", sampling, Sampling)
        self.hard, self.soft = (hard_start, hard_end), (soft_start, soft_end)
        self.sampling, self.exclude_hard = sampling, exclude_hard

    def counts(self, masked: int | Tensor, progress: float) -> tuple[int | Tensor, int | Tensor]:
        """How many patches are masked by sorting and by sampling; like ``masked`` numbers or ``(B)``."""
        hard, soft = (share_of(masked, start + progress * (end - start)) for start, end in (self.hard, self.soft))
        left = masked - hard
        if isinstance(soft, Tensor) and isinstance(left, Tensor):
            return hard, torch.minimum(soft, left)
        return hard, min(soft, left)

    def needs_score_at(self, masked: int, progress: float) -> bool:
        """False where the schedule masks nothing by score."""
        return any(count > 0 for count in self.counts(masked, progress))

    def noise_per_image(self, length: int) -> int:
        """For each patch one number to draw it by score and one to draw it uniformly."""
        return 2 * length

    def forward(self, draw: Draw) -> Tensor:
        """Hard patches before drawn ones before random ones."""
        by_score, chance = draw.noise[:, : draw.length], draw.noise[:, draw.length :]
        if draw.score is None:
            return mask_largest(chance, draw.masked)
        hard_count, soft_count = self.counts(draw.masked, draw.progress)
        hard = mask_largest(draw.ranked, hard_count)
        keys = race(self.log_weights(draw.ranked), by_score)
        soft = mask_largest(keys.masked_fill(hard, -torch.inf) if self.exclude_hard else keys, soft_count)
        return mask_largest(chance.masked_fill(soft, 2.0).masked_fill(hard, 3.0), draw.masked)

    def log_weights(self, score: Tensor) -> Tensor:
        """Logarithm of what the probabilities ``(B, U)`` are proportional to; equal scores are drawn uniformly."""
        if self.sampling == "softmax":
            return score
        above = min_max(score) if self.sampling == "minmax" else score - score.amin(dim=1, keepdim=True)
        return above.clamp(min=1e-30).log()
