"""Policies that mask by the class token's attention: AttMask and AMT."""

from typing import Literal

import torch
from torch import Tensor

from ...choices import one_of
from ...ops.masking import mask_largest, number_masked, race
from ...ops.salience import min_max
from ...registry import MODELS
from .policies import Policy, share_of

Variant = Literal["high", "hint", "low"]


@MODELS.register_module()
class AttMaskPolicy(Policy):
    """Mask the patches that the class token attends to most (AttMask, section 3), for ``ClassAttentionScore``.

    'high' masks the highest scores. 'hint' reveals a few of the highest: ``floor(hint * masked)`` random ones of the
    ``floor(hint * U)`` highest stay visible, and the next highest are masked instead, so that the number stays
    ``masked``; the public code masks that many fewer. 'low' masks the lowest, the paper's control.

    The public code masks only half of the images and draws the ratio anew each step. That belongs to its host, iBOT.

    Args:
        variant: 'high', 'hint' or 'low'.
        hint: share of the highest scores that hints are taken from, and of hints among the masked; read by 'hint' only.

    Raises:
        ValueError: an unknown variant, or ``hint`` outside (0, 1).
    """

    def __init__(self, variant: Variant = "high", hint: float = 0.1) -> None:
        super().__init__()
        one_of("AttMaskPolicy: variant", variant, Variant)
        if not 0 < hint < 1:
            raise ValueError(f"AttMaskPolicy: hint must lie in (0, 1), got {hint}; variant='high' gives no hints")
        self.variant, self.hint = variant, hint

    def hints(self, masked: int | Tensor, length: int) -> int | Tensor:
        """How many of the highest are revealed: ``floor(hint * masked)``, but no more than stay visible."""
        wanted = share_of(masked, self.hint)
        if isinstance(wanted, Tensor):
            return torch.minimum(wanted, length - torch.as_tensor(masked))
        return min(wanted, length - int(masked))

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """The ``masked`` highest, highest but hints, or lowest scores."""
        assert score is not None
        if self.variant == "low":
            return mask_largest(-score.float(), masked)
        priority = score.float()
        if self.variant == "hint":
            length = score.shape[1]
            highest = mask_largest(priority, share_of(length, self.hint))
            shown = mask_largest(noise.masked_fill(~highest, -1.0), self.hints(masked, length))
            priority = priority.masked_fill(shown, -torch.inf)
        return mask_largest(priority, masked)


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

    def reads_score(self, masked: int, progress: float) -> bool:
        """False until ``start``."""
        return progress > self.start

    def number(self, masked: int | Tensor, length: int, progress: float) -> int | Tensor:
        """Up to ``start`` that of ``start_ratio``, if there is one."""
        if self.start_ratio is None or progress > self.start:
            return masked
        return number_masked(length, self.start_ratio)

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """Uint8 ``(B, U)``: 0 visible, 1 thrown, 2 masked; bool where nothing is thrown.

        Raises:
            ValueError: no patch would be visible.
        """
        assert isinstance(masked, int)
        length = noise.shape[1]
        throws = self.throws and (self.start_ratio is None or progress > self.start)
        hidden = masked + (self.thrown(length) if throws else 0)
        if hidden >= length:
            raise ValueError(
                f"AMTPolicy: {masked} masked and {hidden - masked} thrown of {length} patches leave none visible; "
                f"lower masking.ratio.ratio or masking.policy.throw={self.throw}"
            )
        keys = noise if score is None else race(self.weights(score.float()).log(), noise)
        if not throws:
            return mask_largest(keys, masked)
        drawn = keys.topk(hidden, dim=1).indices
        state = torch.zeros_like(noise, dtype=torch.uint8)
        return state.scatter_(1, drawn, 1).scatter_(1, drawn[:, :masked], 2)

    def weights(self, score: Tensor) -> Tensor:
        """What the probabilities ``(B, U)`` are proportional to, all above 0."""
        return (min_max(score) if self.stretch else score).clamp(min=1e-6)
