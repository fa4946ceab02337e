"""Ratios: how many patches are masked."""

from typing import Any, Literal

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from ...choices import one_of
from ...moved import refuse_old_names
from ...ops.masking import CountRounding, check_rounding, number_masked
from ...ops.salience import min_max
from ...registry import MODELS

Level = Literal["sample", "batch", "global"]


class Ratio(nn.Module):
    """Decides how many mask units of each image to hide.

    Attributes:
        needs_score: whether it has to be given a score.
        per_sample: whether the number differs between the images of a batch.
    """

    needs_score = False
    per_sample = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse, in one line, a ratio written for an earlier version.

        Raises:
            TypeError: says what it has to say now.
        """
        super().__init_subclass__(**options)
        refuse_old_names(cls, {"takes_score": "needs_score"})

    def range(self) -> tuple[float, float]:
        """The lowest and the highest ratio that there can be."""
        raise NotImplementedError

    def usual(self, length: int) -> int:
        """Number masked of ``length`` units before any adaptation.

        Raises:
            ValueError: nothing would be masked, or nothing visible.
        """
        raise NotImplementedError

    def forward(self, length: int, score: Tensor | None = None) -> int | Tensor:
        """Number masked of ``length`` units, an int for all images or integers ``(B)``."""
        raise NotImplementedError


@MODELS.register_module()
class FixedRatio(Ratio):
    """The same share of every image.

    Args:
        ratio: share of patches masked, in (0, 1).
        count_rounding: of the number of visible patches, see :func:`mimseg.ops.masking.number_masked`.

    Raises:
        ValueError: a ratio outside (0, 1) or unknown ``count_rounding``.
    """

    def __init__(self, ratio: float = 0.75, count_rounding: CountRounding = "floor") -> None:
        super().__init__()
        self.ratio, self.count_rounding = check_ratio(ratio), check_rounding(count_rounding)

    def range(self) -> tuple[float, float]:
        """The one ratio, twice."""
        return self.ratio, self.ratio

    def usual(self, length: int) -> int:
        """``L - int(L * (1 - ratio))``, or with the number of visible ones rounded up."""
        return number_masked(length, self.ratio, self.count_rounding)

    def forward(self, length: int, score: Tensor | None = None) -> int:
        """Number masked of ``length`` units, as :meth:`usual`."""
        return self.usual(length)


@MODELS.register_module()
class AdaptiveRatio(Ratio):
    """Adaptive masking ratio: the larger the share of salient patches, the more is masked (SBAM, AMR).

    ``R = ratio - spread + 2 * spread * mean_k[S_k > threshold]`` with the score S stretched to [0, 1] in each image,
    without noise; ``L - int(L * (1 - R))`` patches are masked. The score is whatever ``masking.score`` gives, in the
    paper token salience.

    Args:
        ratio: r, the middle of the range.
        spread: half the range; ratios lie in [r - spread, r + spread].
        threshold: above which a patch counts as salient.
        level: 'sample' gives every image its own ratio (paper), 'batch' all images of a process their mean one (public
            code), 'global' all images of all processes.
        count_rounding: of the number of visible patches, see :func:`mimseg.ops.masking.number_masked`.

    Raises:
        ValueError: a range that leaves (0, 1), a threshold outside [0, 1), or an unknown level or ``count_rounding``.
    """

    needs_score = True

    def __init__(
        self,
        ratio: float = 0.75,
        spread: float = 0.15,
        threshold: float = 0.1,
        level: Level = "sample",
        count_rounding: CountRounding = "floor",
    ) -> None:
        super().__init__()
        self.ratio = check_ratio(ratio)
        if spread < 0 or not (ratio - spread > 0 and ratio + spread < 1):
            raise ValueError(
                f"masking.ratio: ratio={ratio} with spread={spread} reaches from {ratio - spread:.3g} to "
                f"{ratio + spread:.3g}; both ends must lie in (0, 1)"
            )
        if not 0 <= threshold < 1:
            raise ValueError(f"masking.ratio.threshold must lie in [0, 1), got {threshold}")
        one_of("masking.ratio.level", level, Level)
        self.spread, self.threshold, self.level = spread, threshold, level
        self.count_rounding = check_rounding(count_rounding)
        self.per_sample = level == "sample"
        self.numbers = torch.empty(0, dtype=torch.long)  # no buffer: averages of a model copy those, shape by shape

    def range(self) -> tuple[float, float]:
        """``ratio - spread`` and ``ratio + spread``."""
        return self.ratio - self.spread, self.ratio + self.spread

    def usual(self, length: int) -> int:
        """The number at the middle of the range."""
        for end in self.range():
            self._number(length, end)
        return self._number(length, self.ratio)

    def _number(self, length: int, ratio: float) -> int:
        return number_masked(length, ratio, self.count_rounding)

    def _by_salient(self, length: int, device: torch.device) -> Tensor:
        """The number masked for each number of salient units, made once for a length: a copy to a device waits."""
        if len(self.numbers) != length + 1:
            numbers = [self._number(length, self.ratio_of(count / length)) for count in range(length + 1)]
            self.numbers = torch.tensor(numbers)
        if self.numbers.device != device:
            self.numbers = self.numbers.to(device)
        return self.numbers

    def ratio_of(self, salient: float) -> float:
        """R for a share of salient patches."""
        return self.ratio - self.spread + 2 * self.spread * salient

    def forward(self, length: int, score: Tensor | None = None) -> int | Tensor:
        """Integers ``(B)``, or one for all images, which reads the mean from the device."""
        if score is None:
            return self.usual(length)
        salient = (min_max(score.float()) > self.threshold).sum(dim=1)
        if self.per_sample:
            return self._by_salient(length, score.device)[salient]
        share = salient.double().mean() / length
        if self.level == "global":
            all_reduce(share, "mean")
        return self._number(length, self.ratio_of(share.item()))


def check_ratio(ratio: float) -> float:
    """``ratio`` itself.

    Raises:
        ValueError: it is no number in (0, 1).
    """
    if not isinstance(ratio, int | float) or not 0 < ratio < 1:
        raise ValueError(f"masking.ratio.ratio, the mask ratio, must be a number in (0, 1), got {ratio!r}")
    return ratio
