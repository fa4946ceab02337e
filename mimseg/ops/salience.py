"""How salient each token of an image is among the image's tokens (SBAM, section 3)."""

from contextlib import nullcontext

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available


@torch.no_grad()
def salience(tokens: Tensor, scaled: bool = False) -> Tensor:
    """The sum of each token's outgoing weights: ``S_k = sum_j softmax(X X^T)_{j,k}`` (SBAM, Eq. 3 and 4, before N).

    Every row of the softmax sums to 1, so the L values of an image sum to L. In fp32, also inside autocast: products of
    position embeddings alone differ by less than half precision can tell.

    Args:
        tokens: ``(B, L, D)``.
        scaled: divide the products by sqrt(D); the paper and its code do not.

    Returns:
        ``(B, L)``, fp32, without gradient.
    """
    device = tokens.device.type
    in_fp32 = torch.autocast(device, enabled=False) if is_autocast_available(device) else nullcontext()
    with in_fp32:
        x = tokens.float()
        affinity = x @ x.transpose(1, 2)
        if scaled:
            affinity = affinity / x.shape[-1] ** 0.5
        return affinity.softmax(dim=-1).sum(dim=1)


def min_max(score: Tensor, eps: float = 1e-8) -> Tensor:
    """Each row of ``(B, L)`` stretched to [0, 1] (SBAM, Eq. 4); a constant row becomes 0 instead of 0/0."""
    low, high = score.aminmax(dim=1, keepdim=True)
    return (score - low) / (high - low + eps)
