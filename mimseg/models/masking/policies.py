"""Policies: from scores to a mask, more or less at random."""

from typing import Literal

import torch
from torch import Tensor, nn

from ...ops.masking import mask_hard_then_random, mask_largest
from ...ops.salience import min_max
from ...registry import MODELS


class Policy(nn.Module):
    """Decides which ``masked`` units (patches, or squares of them) of each image to hide.

    Attributes:
        takes_score: whether it has to be given a score at all.
        ragged: whether it can hide a different number in each image.
        throws: whether it also hides units that nothing predicts.
    """

    takes_score = True
    ragged = True
    throws = False

    def reads_score(self, masked: int, progress: float) -> bool:
        """Whether the score matters at this progress; if not, it is not computed."""
        return self.takes_score

    def check_ratio(self, lowest: float, highest: float) -> None:
        """Refuse mask ratios that it cannot do with.

        Args:
            lowest: the lowest ratio that there will be.
            highest: the highest.

        Raises:
            ValueError: says which ratio would do.
        """

    def number(self, masked: int | Tensor, length: int, progress: float) -> int | Tensor:
        """How many units to mask at this progress, of ``length``, where the ratio says ``masked``."""
        return masked

    def noise_per_image(self, length: int) -> int:
        """How many random numbers it reads for an image of ``length`` units."""
        return length

    def thrown(self, length: int) -> int:
        """How many of ``length`` units it hides without having them predicted."""
        return 0

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """Which units to hide: bool ``(B, U)``, or, if it throws, uint8 with 0 visible, 1 thrown, 2 masked.

        Args:
            score: ``(B, U)``, or None where :meth:`reads_score` is false.
            noise: uniform noise ``(B, n)`` in [0, 1), n as :meth:`noise_per_image` says, the only source of randomness.
            masked: number masked per row, for all rows or ``(B)``.
            progress: fraction of training done.
            grid: the units' grid (h, w), U = h * w.
        """
        raise NotImplementedError


@MODELS.register_module()
class RandomPolicy(Policy):
    """Uniformly random masks (MAE)."""

    takes_score = False

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """The ``masked`` largest noises."""
        return mask_largest(noise, masked)


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

    def reads_score(self, masked: int, progress: float) -> bool:
        """False as long as the schedule masks nothing by score: the teacher need not run."""
        return bool(self.hard(masked, progress) > 0)

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """Hard patches for certain, the rest by noise."""
        if score is None:
            return mask_largest(noise, masked)
        signed = score if self.select == "max" else -score
        return mask_hard_then_random(signed, noise, masked, self.hard(masked, progress))


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

    def reads_score(self, masked: int, progress: float) -> bool:
        """False until ``start``."""
        return progress > self.start

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """The ``masked`` largest of score plus noise."""
        if score is None:
            return mask_largest(noise, masked)
        signed = score if self.select == "max" else -score
        return mask_largest(min_max(signed) + self.amplitude * noise, masked)


def share_of(masked: int | Tensor, share: float) -> int | Tensor:
    """``floor(share * masked)`` of one number or of ``(B)``, where rounding puts no whole number below itself."""
    if isinstance(masked, int):
        return int(share * masked + 1e-9)
    return (share * masked.double() + 1e-9).floor().to(torch.long)


def check_select(select: str) -> str:
    """``select`` itself.

    Raises:
        ValueError: it is neither 'max' nor 'min'.
    """
    if select not in ("max", "min"):
        raise ValueError(f"select must be 'max' or 'min', got {select!r}")
    return select
