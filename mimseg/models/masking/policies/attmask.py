"""The highest attention of the class token (AttMask)."""

from typing import Literal

import torch
from torch import Tensor

from ....choices import one_of
from ....ops.masking import mask_largest
from ....registry import MODELS
from .base import Draw, Policy, share_of

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

    def forward(self, draw: Draw) -> Tensor:
        """The ``masked`` highest, highest but hints, or lowest scores."""
        priority = draw.ranked
        if self.variant == "low":
            return mask_largest(-priority, draw.masked)
        if self.variant == "hint":
            highest = mask_largest(priority, share_of(draw.length, self.hint))
            shown = mask_largest(draw.noise.masked_fill(~highest, -1.0), self.hints(draw.masked, draw.length))
            priority = priority.masked_fill(shown, -torch.inf)
        return mask_largest(priority, draw.masked)
