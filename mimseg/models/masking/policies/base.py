"""The contract of policies: from scores to a mask, more or less at random."""

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ....choices import one_of
from ....moved import refuse_old_names


@dataclass(frozen=True)
class Draw:
    """What a policy makes a mask of.

    Attributes:
        noise: uniform ``(B, n)`` in [0, 1), n as :meth:`Policy.noise_per_image` says; the only source of randomness.
        masked: number masked per row, for all rows or ``(B)``.
        progress: fraction of training done.
        grid: the units' grid (h, w), U = h * w.
        score: ``(B, U)``, higher = masked first; None where :meth:`Policy.needs_score_at` is false.
    """

    noise: Tensor
    masked: int | Tensor
    progress: float
    grid: tuple[int, int]
    score: Tensor | None = None

    @property
    def length(self) -> int:
        """Number of units U."""
        return self.grid[0] * self.grid[1]

    @property
    def ranked(self) -> Tensor:
        """The score ``(B, U)``, fp32.

        Raises:
            RuntimeError: there is none.
        """
        if self.score is None:
            raise RuntimeError("a policy reads the score, which was not computed: its needs_score_at said no")
        return self.score.float()


class Policy(nn.Module):
    """Decides which ``masked`` units (patches, or squares of them) of each image to hide.

    Attributes:
        needs_score: whether it has to be given a score at all.
        ragged: whether it can hide a different number in each image.
        throws: whether it also hides units that nothing predicts.
    """

    needs_score = True
    ragged = True
    throws = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse, in one line, a policy written for an earlier version.

        Raises:
            TypeError: says what it has to be called now.
        """
        super().__init_subclass__(**options)
        refuse_old_names(cls, {"takes_score": "needs_score", "reads_score": "needs_score_at"})
        arguments = list(inspect.signature(cls.forward).parameters)[1:]
        if arguments[:2] == ["score", "noise"]:
            raise TypeError(
                f"{cls.__name__}.forward({', '.join(arguments)}) is forward(draw) now, with "
                f"{', '.join('draw.' + name for name in arguments)}"
            )

    def needs_score_at(self, masked: int, progress: float) -> bool:
        """Whether the score matters at this progress; if not, it is not computed."""
        return self.needs_score

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

    def forward(self, draw: Draw) -> Tensor:
        """Which units to hide: bool ``(B, U)``, or, if it throws, uint8 with 0 visible, 1 thrown, 2 masked."""
        raise NotImplementedError


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
    checked: str = one_of("select", select, ("max", "min"))
    return checked
