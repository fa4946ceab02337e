"""The highest scores under uniform noise (SBAM)."""

from typing import Literal

from torch import Tensor

from ....ops.masking import mask_largest
from ....ops.salience import min_max
from ....registry import MODELS
from .base import Draw, Policy, check_select


@MODELS.register_module()
class NoisyPolicy(Policy):
    """Mask the highest scores after adding uniform noise (SBAM, section 3): ``S~ = minmax(S) + U[0, amplitude)``.

    An image whose scores are all equal is masked by the noise alone. The paper's text can be read as keeping the most
    salient patches; its figures and code mask them, which is 'max'.

    Args:
        amplitude: of the noise, in units of the image's own range of scores; 0 obeys the score alone.
        start: progress up to which masks are plainly random; 0.125 of 800 epochs is the warm-up of 100 epochs that
            the public code resumes from.
        select: 'max' masks the highest scores, 'min' the lowest.

    Raises:
        ValueError: a negative amplitude, ``start`` outside [0, 1), or an unknown ``select``.
    """

    def __init__(self, amplitude: float = 0.5, start: float = 0.0, select: Literal["max", "min"] = "max") -> None:
        super().__init__()
        if amplitude < 0:
            raise ValueError(f"amplitude of the noise must be 0 or more, got {amplitude}")
        if not 0 <= start < 1:
            raise ValueError(f"start must lie in [0, 1), got {start}")
        self.amplitude, self.start, self.select = amplitude, start, check_select(select)

    def needs_score_at(self, masked: int, progress: float) -> bool:
        """False until ``start``."""
        return progress > self.start

    def forward(self, draw: Draw) -> Tensor:
        """The ``masked`` largest of score plus noise."""
        if draw.score is None:
            return mask_largest(draw.noise, draw.masked)
        signed = draw.score if self.select == "max" else -draw.score
        return mask_largest(min_max(signed) + self.amplitude * draw.noise, draw.masked)
