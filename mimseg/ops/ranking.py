"""Losses for predicting how hard each patch is (HPM, section 3.3).

``target`` is the detached reconstruction loss and ``predicted`` the loss predictor's output, both ``(B, M)`` over the
masked patches of each image. All arithmetic is fp32, also inside autocast.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PairNorm = Literal["batch", "image", "sum"]


def relative_loss(predicted: Tensor, target: Tensor, norm: PairNorm = "batch") -> Tensor:
    """Relative loss of HPM (Eq. 5 to 7): binary cross-entropy of "patch i is harder than patch j" over all pairs.

    For every ordered pair with ``target_i != target_j`` the logit is ``predicted_i - predicted_j``. The two orders of a
    pair have the same loss, so only pairs with ``target_i > target_j`` are summed: ``softplus(p_j - p_i)``.
    Equal targets (and i = j) drop out. A constant prediction scores ln 2.

    Args:
        predicted: ``(B, M)``.
        target: ``(B, M)``; only its order within an image matters.
        norm: 'batch' divides by the valid pairs of the batch (public code), 'image' by each image's own and averages
            the images, 'sum' is Eq. 5 as printed: the sum over ordered pairs, averaged over images.

    Returns:
        Scalar, fp32.
    """
    predicted, target = predicted.float(), target.detach().float()
    harder = (target.unsqueeze(2) > target.unsqueeze(1)).float()
    pair = F.softplus(predicted.unsqueeze(1) - predicted.unsqueeze(2)) * harder
    if norm == "batch":
        return pair.sum() / harder.sum().clamp(min=1)
    per_image = pair.sum(dim=(1, 2))
    if norm == "image":
        return (per_image / harder.sum(dim=(1, 2)).clamp(min=1)).mean()
    return 2 * per_image.mean()


def standardize(target: Tensor, eps: float = 1e-6) -> Tensor:
    """Zero mean and unit variance over the last dimension (unbiased variance, eps inside the root), fp32."""
    variance, mean = torch.var_mean(target.float(), dim=-1, keepdim=True)
    return (target.float() - mean) * torch.rsqrt(variance + eps)


def absolute_loss(predicted: Tensor, target: Tensor, standardized: bool = True) -> Tensor:
    """Absolute loss of HPM (Eq. 4): mean squared error to the reconstruction loss itself.

    Args:
        predicted: ``(B, M)``.
        target: ``(B, M)``.
        standardized: standardise the target within each image first (public code); False is Eq. 4 as printed.

    Returns:
        Scalar, fp32.
    """
    target = target.detach().float()
    return F.mse_loss(predicted.float(), standardize(target) if standardized else target)
