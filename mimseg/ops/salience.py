"""How salient each token of an image is among the image's tokens (SBAM, section 3)."""

from typing import Literal

import torch
from torch import Tensor

from ..choices import one_of
from .precision import without_autocast

Direction = Literal["outgoing", "incoming"]


@torch.no_grad()
def salience(tokens: Tensor, scaled: bool = False, direction: Direction = "outgoing") -> Tensor:
    """The sum of each token's outgoing weights: ``S_k = sum_j softmax(X X^T)_{j,k}`` (SBAM, Eq. 3 and 4, before N).

    Every row of the softmax sums to 1, so the L values of an image sum to L. In fp32, also inside autocast: products of
    position embeddings alone differ by less than half precision can tell.

    What a token takes in from the others, the *incoming* weight, is its row. The softmax normalises rows, so their sums
    are 1 for every token: they rank nothing, and a mask by them follows the noise of its policy alone. Normalising
    columns instead would change nothing either: ``X X^T`` is symmetric, so that the row sums of the column softmax are
    the column sums of the row softmax.

    Args:
        tokens: ``(B, L, D)``.
        scaled: divide the products by sqrt(D); the paper and its code do not.
        direction: 'outgoing' sums the columns, 'incoming' the rows (exactly 1, no rounding errors to be stretched).

    Returns:
        ``(B, L)``, fp32, without gradient.
    """
    if direction == "incoming":
        return torch.ones(tokens.shape[:2], device=tokens.device)
    with without_autocast(tokens):
        x = tokens.float()
        affinity = x @ x.transpose(1, 2)
        if scaled:
            affinity = affinity / x.shape[-1] ** 0.5
        return affinity.softmax(dim=-1).sum(dim=1)


def check_direction(direction: str) -> Direction:
    """``direction`` itself.

    Raises:
        ValueError: it is neither 'outgoing' nor 'incoming'.
    """
    checked: Direction = one_of("direction of the salience", direction, Direction)
    return checked


def min_max(score: Tensor, eps: float = 1e-8) -> Tensor:
    """Each row of ``(B, L)`` stretched to [0, 1] (SBAM, Eq. 4); a constant row becomes 0 instead of 0/0."""
    low, high = score.aminmax(dim=1, keepdim=True)
    return (score - low) / (high - low + eps)
