"""How predictions and targets are compared. All in fp32, also inside autocast."""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ...choices import one_of
from ...ops.masking import PatchMask
from ...ops.ranking import PairNorm, absolute_loss, relative_loss
from ...registry import MODELS


class PatchLoss(nn.Module):
    """Compares predictions and targets, both ``(B, M, D)``, or packed ``(sum M, D)``.

    Attributes:
        for_patch_losses: whether it compares predicted losses (D = 1) rather than patch contents.
    """

    for_patch_losses = False

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """The scalar loss, and the loss of every patch ``(B, M)``, or packed, where it has one.

        Args:
            predicted: predictions.
            target: what they are compared with.
            mask: the mask whose patches these are; None if they are all patches ``(B, L, D)``.
        """
        raise NotImplementedError

    def distance(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Squared L2 distance of every patch, summed over its D numbers: ``(B, M)``, or packed (PASS, Eq. 8)."""
        return (predicted.float() - target.float()).square().sum(dim=-1)


def mean_of(per_patch: Tensor, mask: PatchMask | None) -> Tensor:
    """The mean in which every patch weighs the same."""
    return per_patch.mean() if mask is None else mask.mean(per_patch)


@MODELS.register_module()
class PatchMSE(PatchLoss):
    """Mean squared error: the mean over a patch, then over all masked patches (MAE)."""

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """Scalar and ``(B, M)``."""
        per_patch = (predicted.float() - target.float()).square().mean(dim=-1)
        return mean_of(per_patch, mask), per_patch


@MODELS.register_module()
class PatchL1(PatchLoss):
    """Mean absolute error: the mean over a patch, then over all masked patches (SimMIM, section 3.4).

    All masked pixels and channels weigh the same: SimMIM's sum over them, divided by their number, without the 1e-5
    that its code adds to the number of pixels.

    Args:
        normalize: divide predictions and targets by their L2 norms first, as the distillation of DMAE's code does.
    """

    def __init__(self, normalize: bool = False) -> None:
        super().__init__()
        self.normalize = normalize

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """Scalar and ``(B, M)``."""
        predicted, target = predicted.float(), target.float()
        if self.normalize:
            predicted, target = F.normalize(predicted, dim=-1), F.normalize(target, dim=-1)
        per_patch = (predicted - target).abs().mean(dim=-1)
        return mean_of(per_patch, mask), per_patch


@MODELS.register_module()
class PatchCosine(PatchLoss):
    """Squared distance of L2-normalised features, ``2 - 2 cos`` (HPM, section 4.1, distillation targets)."""

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """Scalar and ``(B, M)``."""
        per_patch = self.distance(predicted, target)
        return mean_of(per_patch, mask), per_patch

    def distance(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Squared L2 distance of the normalised features, ``(B, M)`` or packed."""
        return super().distance(F.normalize(predicted.float(), dim=-1), F.normalize(target.float(), dim=-1))


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
        one_of("norm", norm, PairNorm)
        self.norm: PairNorm = norm

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """Scalar; pairs have no per-patch loss."""
        values, targets, real = by_image(predicted, target, mask)
        return relative_loss(values, targets, self.norm, real), None


@MODELS.register_module()
class AbsolutePatchLoss(PatchLoss):
    """The loss value itself (HPM, Eq. 4; PASS, Eq. 5).

    Args:
        target: 'standardized' within each image (HPM's public code) or 'raw' (as both papers print).
        divide_by: the sum over the masked patches is divided by the number of the 'masked' ones (HPM), or by that of
            'all' positions, visible ones too (PASS, Eq. 5), which is the mask ratio times as much.

    Raises:
        ValueError: unknown ``target`` or ``divide_by``.
    """

    for_patch_losses = True

    def __init__(
        self,
        target: Literal["standardized", "raw"] = "standardized",
        divide_by: Literal["masked", "all"] = "masked",
    ) -> None:
        super().__init__()
        one_of("target", target, ("standardized", "raw"))
        one_of("AbsolutePatchLoss: divide_by", divide_by, ("masked", "all"))
        self.standardized, self.over_all = target == "standardized", divide_by == "all"

    def forward(self, predicted: Tensor, target: Tensor, mask: PatchMask | None = None) -> tuple[Tensor, Tensor | None]:
        """Scalar; the batch's mean squared error."""
        values, targets, real = by_image(predicted, target, mask)
        positions = mask.mask.shape[1] if self.over_all and mask is not None else None
        return absolute_loss(values, targets, self.standardized, real, positions), None


def by_image(predicted: Tensor, target: Tensor, mask: PatchMask | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """Predictions and targets ``(..., 1)`` as ``(B, M)``; packed ones padded, with bool ``(B, M)`` of what is real."""
    values, targets = predicted.squeeze(-1), target.squeeze(-1)
    if mask is None:
        return values, targets, None
    (values, real), (targets, _) = mask.by_image(values), mask.by_image(targets)
    return values, targets, real
