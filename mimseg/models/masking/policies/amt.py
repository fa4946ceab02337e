"""Drawing by attention, and throwing away (AMT)."""

import torch
from torch import Tensor

from ....ops.masking import mask_largest, number_masked, race
from ....ops.salience import min_max
from ....registry import MODELS
from .base import Draw, Policy


@MODELS.register_module()
class AMTPolicy(Policy):
    """Draw patches in proportion to their attention: the first are masked, the next thrown away (AMT, section 3).

    Patches are drawn one after another without replacement. The first ``masked`` have to be predicted. The next
    ``floor(throw * U)`` are neither encoded nor predicted: on average those of medium attention, so that the visible
    ones are those of the lowest. The numbers are the same in every image. ``throw=0`` is the paper's attention-driven
    masking (AM) without throwing.

    The public code stretches each head's attention to [0, 1] and draws in proportion to the mean over the heads:
    ``ClassAttentionScore(heads="minmax_mean")`` with ``stretch=False``. It takes the attention from the student, of the
    whole image, once in 40 epochs, and crops the map with the image; by an integer division it then reads only a corner
    of that map. Here it is that of the crop at hand, in every step.

    Settings of the public code: on MAE 88 of 196 patches are masked and 78 thrown; on SimMIM 22 and 13 of 49 units
    (ratio 0.44, ``throw=0.27``). In its first 41 epochs it throws nothing and masks at random: 75 % on MAE, as many as
    later on SimMIM. SimMIM's masked units get the mask token, thrown ones are left out of the encoder there, too.

    Args:
        throw: share of the patches that is thrown away.
        start: progress up to which all weights are equal.
        start_ratio: share masked up to ``start``, with nothing thrown; None has the same numbers throughout.
        stretch: weigh the patches by their scores stretched to [0, 1] in each image; False takes the scores as they
            are, those below 1e-6 as 1e-6, which is for scores that are weights already.

    Raises:
        ValueError: ``throw`` or ``start`` outside [0, 1), or ``start_ratio`` outside (0, 1) or without a ``start``.

    Attributes:
        throws: whether it throws any away, which takes an encoder that can leave them out.
    """

    ragged = False

    def __init__(
        self, throw: float = 0.4, start: float = 0.0, start_ratio: float | None = None, stretch: bool = True
    ) -> None:
        super().__init__()
        if not 0 <= throw < 1:
            raise ValueError(f"AMTPolicy: throw must lie in [0, 1), got {throw}")
        if not 0 <= start < 1:
            raise ValueError(f"AMTPolicy: start must lie in [0, 1), got {start}")
        if start_ratio is not None and not (0 < start_ratio < 1 and start > 0):
            raise ValueError(f"AMTPolicy: start_ratio={start_ratio} must lie in (0, 1) and takes a start above 0")
        self.throw, self.start, self.start_ratio, self.stretch = throw, start, start_ratio, stretch
        self.throws = throw > 0

    def check_ratio(self, lowest: float, highest: float) -> None:
        """Some patches must be left visible."""
        if highest + self.throw >= 1:
            raise ValueError(
                f"AMTPolicy: masking.ratio={highest:g} and masking.policy.throw={self.throw:g} leave no patch visible; "
                "lower one of them (AMT: 0.45 and 0.4)"
            )

    def thrown(self, length: int) -> int:
        """``floor(throw * length)``."""
        return int(self.throw * length + 1e-9)

    def needs_score_at(self, masked: int, progress: float) -> bool:
        """False until ``start``."""
        return progress > self.start

    def number(self, masked: int | Tensor, length: int, progress: float) -> int | Tensor:
        """Up to ``start`` that of ``start_ratio``, if there is one."""
        if self.start_ratio is None or progress > self.start:
            return masked
        return number_masked(length, self.start_ratio)

    def forward(self, draw: Draw) -> Tensor:
        """Uint8 ``(B, U)``: 0 visible, 1 thrown, 2 masked; bool where nothing is thrown.

        Raises:
            ValueError: no patch would be visible.
        """
        assert isinstance(draw.masked, int)
        masked, length = draw.masked, draw.length
        throws = self.throws and (self.start_ratio is None or draw.progress > self.start)
        hidden = masked + (self.thrown(length) if throws else 0)
        if hidden >= length:
            raise ValueError(
                f"AMTPolicy: {masked} masked and {hidden - masked} thrown of {length} patches leave none visible; "
                f"lower masking.ratio.ratio or masking.policy.throw={self.throw}"
            )
        keys = draw.noise if draw.score is None else race(self.weights(draw.ranked).log(), draw.noise)
        if not throws:
            return mask_largest(keys, masked)
        drawn = keys.topk(hidden, dim=1).indices
        state = torch.zeros_like(draw.noise, dtype=torch.uint8)
        return state.scatter_(1, drawn, 1).scatter_(1, drawn[:, :masked], 2)

    def weights(self, score: Tensor) -> Tensor:
        """What the probabilities ``(B, U)`` are proportional to, all above 0."""
        return (min_max(score) if self.stretch else score).clamp(min=1e-6)
