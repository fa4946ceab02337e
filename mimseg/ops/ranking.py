"""Losses for predicting how hard each patch is (HPM, section 3.3).

``target`` is the detached reconstruction loss and ``predicted`` the loss predictor's output, both ``(B, M)`` over the
masked patches of each image. All arithmetic is fp32, also inside autocast.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PairNorm = Literal["batch", "image", "sum"]


def relative_loss(predicted: Tensor, target: Tensor, norm: PairNorm = "batch", real: Tensor | None = None) -> Tensor:
    """Relative loss of HPM (Eq. 5 to 7): binary cross-entropy of "patch i is harder than patch j" over all pairs.

    For every ordered pair with ``target_i != target_j`` the logit is ``predicted_i - predicted_j``. The two orders of a
    pair have the same loss, so only pairs with ``target_i > target_j`` are summed: ``softplus(p_j - p_i)``.
    Equal targets (and i = j) drop out. A constant prediction scores ln 2.

    Args:
        predicted: ``(B, M)``.
        target: ``(B, M)``; only its order within an image matters.
        norm: 'batch' divides by the valid pairs of the batch (public code), 'image' by each image's own and averages
            the images, 'sum' is Eq. 5 as printed: the sum over ordered pairs, averaged over images.
        real: bool ``(B, M)``, False where a row is padded; None where none is.

    Returns:
        Scalar, fp32.
    """
    predicted, target = predicted.float(), target.detach().float()
    harder = (target.unsqueeze(2) > target.unsqueeze(1)).float()
    if real is not None:
        harder = harder * real.unsqueeze(2) * real.unsqueeze(1)
    pair = F.softplus(predicted.unsqueeze(1) - predicted.unsqueeze(2)) * harder
    if norm == "batch":
        return pair.sum() / harder.sum().clamp(min=1)
    per_image = pair.sum(dim=(1, 2))
    if norm == "image":
        return (per_image / harder.sum(dim=(1, 2)).clamp(min=1)).mean()
    return 2 * per_image.mean()


def standardize(target: Tensor, eps: float = 1e-6, real: Tensor | None = None) -> Tensor:
    """Zero mean and unit variance over the last dimension (unbiased variance, eps inside the root), fp32.

    Args:
        target: ``(B, M)``.
        eps: added to the variance.
        real: bool ``(B, M)``, False where a row is padded; None where none is.
    """
    target = target.float()
    if real is None:
        variance, mean = torch.var_mean(target, dim=-1, keepdim=True)
    else:
        number = real.sum(dim=-1, keepdim=True)
        mean = (target * real).sum(dim=-1, keepdim=True) / number
        variance = ((target - mean) * real).square().sum(dim=-1, keepdim=True) / (number - 1).clamp(min=1)
    return (target - mean) * torch.rsqrt(variance + eps)


def absolute_loss(
    predicted: Tensor,
    target: Tensor,
    standardized: bool = True,
    real: Tensor | None = None,
    positions: int | None = None,
) -> Tensor:
    """Absolute loss of HPM (Eq. 4) and of PASS (Eq. 5): mean squared error to the reconstruction loss itself.

    Args:
        predicted: ``(B, M)``.
        target: ``(B, M)``.
        standardized: standardise the target within each image first (HPM's public code); False is as both papers print.
        real: bool ``(B, M)``, False where a row is padded; None where none is.
        positions: what the sum over an image's M patches is divided by: all its L positions in PASS; None: M itself.

    Returns:
        Scalar, fp32.
    """
    target = target.detach().float()
    squares = (predicted.float() - (standardize(target, real=real) if standardized else target)).square()
    if real is not None:
        squares = squares * real
    if positions is not None:
        return squares.sum() / (len(squares) * positions)
    return squares.mean() if real is None else squares.sum() / real.sum()
