"""How predictions and targets are compared. All in fp32, also inside autocast."""

from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from ...ops.ranking import PairNorm, absolute_loss, relative_loss
from ...registry import MODELS


class PatchLoss(nn.Module):
    """Compares predictions and targets, both ``(B, M, D)``.

    Attributes:
        for_patch_losses: whether it compares predicted losses (D = 1) rather than patch contents.
    """

    for_patch_losses = False

    def forward(self, predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """The scalar loss, and the loss of every patch ``(B, M)`` where it has one."""
        raise NotImplementedError


@MODELS.register_module()
class PatchMSE(PatchLoss):
    """Mean squared error: the mean over a patch, then over all masked patches (MAE)."""

    def forward(self, predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scalar and ``(B, M)``."""
        per_patch = (predicted.float() - target.float()).square().mean(dim=-1)
        return per_patch.mean(), per_patch


@MODELS.register_module()
class PatchCosine(PatchLoss):
    """Squared distance of L2-normalised features, ``2 - 2 cos`` (HPM, section 4.1, distillation targets)."""

    def forward(self, predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scalar and ``(B, M)``."""
        difference = F.normalize(predicted.float(), dim=-1) - F.normalize(target.float(), dim=-1)
        per_patch = difference.square().sum(dim=-1)
        return per_patch.mean(), per_patch


@MODELS.register_module()
class RelativePatchLoss(PatchLoss):
    """Which of two patches is harder (HPM, Eq. 5).

    Args:
        norm: see :func:`mimseg.ops.ranking.relative_loss`.

    Raises:
        ValueError: unknown ``norm``.
    """

    for_patch_losses = True

    def __init__(self, norm: PairNorm = "batch") -> None:
        super().__init__()
        if norm not in get_args(PairNorm):
            raise ValueError(f"norm must be one of {get_args(PairNorm)}, got {norm!r}")
        self.norm: PairNorm = norm

    def forward(self, predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scalar; pairs have no per-patch loss."""
        return relative_loss(predicted.squeeze(-1), target.squeeze(-1), self.norm), None


@MODELS.register_module()
class AbsolutePatchLoss(PatchLoss):
    """The loss value itself (HPM, Eq. 4).

    Args:
        target: 'standardized' within each image (public code) or 'raw' (as printed).

    Raises:
        ValueError: unknown ``target``.
    """

    for_patch_losses = True

    def __init__(self, target: Literal["standardized", "raw"] = "standardized") -> None:
        super().__init__()
        if target not in ("standardized", "raw"):
            raise ValueError(f"target must be 'standardized' or 'raw', got {target!r}")
        self.standardized = target == "standardized"

    def forward(self, predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """Scalar; the batch's mean squared error."""
        return absolute_loss(predicted.squeeze(-1), target.squeeze(-1), self.standardized), None
