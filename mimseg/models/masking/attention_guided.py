"""Policies that mask by the class token's attention: AttMask and AMT."""

from typing import Literal, get_args

import torch
from torch import Tensor

from ...ops.masking import mask_largest, race
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
        if variant not in get_args(Variant):
            raise ValueError(f"AttMaskPolicy: variant must be one of {', '.join(get_args(Variant))}, got {variant!r}")
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

    Weights are the scores of the crop at hand, stretched to [0, 1] in each image. The public code stretches each head's
    attention before it averages the heads. It takes them from the student, of the whole image, once in 40 epochs, and
    crops the map with the image; by an integer division it then reads only a corner of that map. In its first 41 epochs
    it masks 75 % at random and throws nothing; here the numbers are the same throughout.

    Settings of the public code: on MAE 88 of 196 patches are masked and 78 thrown; on SimMIM 22 and 13 of 49 units
    (ratio 0.44, ``throw=0.27``).

    Args:
        throw: share of the patches that is thrown away.
        start: progress up to which all weights are equal.

    Raises:
        ValueError: ``throw`` or ``start`` outside [0, 1).
    """

    ragged = False
    throws = True

    def __init__(self, throw: float = 0.4, start: float = 0.0) -> None:
        super().__init__()
        if not 0 <= throw < 1:
            raise ValueError(f"AMTPolicy: throw must lie in [0, 1), got {throw}")
        if not 0 <= start < 1:
            raise ValueError(f"AMTPolicy: start must lie in [0, 1), got {start}")
        self.throw, self.start = throw, start

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

    def forward(
        self, score: Tensor | None, noise: Tensor, masked: int | Tensor, progress: float, grid: tuple[int, int]
    ) -> Tensor:
        """Uint8 ``(B, U)``: 0 visible, 1 thrown, 2 masked.

        Raises:
            ValueError: no patch would be visible.
        """
        assert isinstance(masked, int)
        length = noise.shape[1]
        hidden = masked + self.thrown(length)
        if hidden >= length:
            raise ValueError(
                f"AMTPolicy: {masked} masked and {hidden - masked} thrown of {length} patches leave none visible; "
                f"lower masking.ratio.ratio or masking.policy.throw={self.throw}"
            )
        keys = noise if score is None else race(min_max(score.float()).clamp(min=1e-6).log(), noise)
        drawn = keys.topk(hidden, dim=1).indices
        state = torch.zeros_like(noise, dtype=torch.uint8)
        return state.scatter_(1, drawn, 1).scatter_(1, drawn[:, :masked], 2)
