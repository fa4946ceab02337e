"""Attention maps of a transformer block: which map is meant, and how it is computed at linear cost.

Everything here is fp32, also inside autocast, and without gradient.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..choices import one_of
from .precision import without_autocast
from .salience import min_max

Heads = Literal["mean", "minmax_mean"]


@dataclass(frozen=True)
class PatchAttention:
    """Global patch-wise attention of one head, or of all heads summed (GPA, Eq. 4 and 5), without softmax.

    The paper writes block 9, head 11 as b9h11, and h-1 for the sum of the heads, which is ``head=None`` here.

    Attributes:
        block: 0-based block whose queries and keys are read; negative counts from the last.
        head: 0-based head, negative counts from the last; None sums over the heads.
        axis: 'key' sums each patch's key against all queries (public code), 'query' its query against all keys (Eq. 5).
        with_self: keep the product of a patch with itself (public code; Eq. 5 leaves it out).
        with_class: let the class token take part in the sum (public code; Eq. 5 sums over patches).

    Raises:
        ValueError: unknown ``axis``.
    """

    block: int = 9
    head: int | None = 11
    axis: Literal["key", "query"] = "key"
    with_self: bool = True
    with_class: bool = True

    def __post_init__(self) -> None:
        one_of("axis of the attention", self.axis, ("key", "query"))

    def __str__(self) -> str:
        """For messages."""
        heads = "all heads" if self.head is None else f"head {self.head}"
        return f"attention ({heads} of block {self.block})"


@dataclass(frozen=True)
class ClassAttention:
    """Attention that the class token pays to each patch: softmax over all tokens, then one map of all heads.

    Attributes:
        block: 0-based block; negative counts from the last.
        heads: 'mean' averages the heads (AttMask, section 3); 'minmax_mean' stretches the patches of every head to
            [0, 1] first, so that a sharp head does not outweigh the others (AMT's public code).

    Raises:
        ValueError: unknown ``heads``.
    """

    block: int = -1
    heads: Heads = "mean"

    def __post_init__(self) -> None:
        one_of("heads of the attention", self.heads, Heads)

    def __str__(self) -> str:
        """For messages."""
        return f"attention (class token of block {self.block})"


AttentionMap = PatchAttention | ClassAttention


@torch.no_grad()
def patch_attention(tokens: Tensor, weight: Tensor, bias: Tensor, num_heads: int, want: PatchAttention) -> Tensor:
    """Each patch's key against the sum of all queries, or the other way round (GPA, Eq. 4 and 5), in ``O(L D)``.

    ``sum_i q_i . k_m = (sum_i q_i) . k_m``, and the sum of the queries is the query of the summed tokens. So no matrix
    of all pairs is made, and neither queries nor keys of single tokens are, except for ``with_self=False``.

    Args:
        tokens: normalised tokens ``(B, 1 + L, D)``, class token first, as they enter the block's projection.
        weight: of that projection ``(3 D, D)``, rows in the order query, key, value, each head after head.
        bias: of that projection ``(3 D)``.
        num_heads: number of heads; products are divided by the root of the width of one, d = D / heads.
        want: head, axis and which tokens take part; its block has no meaning here.

    Returns:
        ``(B, L)``, fp32.

    Raises:
        IndexError: there is no such head.
    """
    dim = weight.shape[1]
    width = dim // num_heads
    first, rows = (0, dim) if want.head is None else (range(num_heads)[want.head] * width, width)
    with without_autocast(tokens):
        x, weight, bias = tokens.float(), weight.float(), bias.float()
        patches = x[:, 1:]
        query = weight[first : first + rows], bias[first : first + rows]
        key = weight[dim + first : dim + first + rows], bias[dim + first : dim + first + rows]
        (summed_weight, summed_bias), (own_weight, own_bias) = (query, key) if want.axis == "key" else (key, query)
        others = x if want.with_class else patches
        total = others.sum(dim=1) @ summed_weight.t() + others.shape[1] * summed_bias
        attention = (patches @ (total @ own_weight).unsqueeze(-1)).squeeze(-1) + (total @ own_bias).unsqueeze(-1)
        if not want.with_self:
            attention = attention - ((patches @ query[0].t() + query[1]) * (patches @ key[0].t() + key[1])).sum(dim=-1)
        scaled: Tensor = attention / width**0.5
        return scaled


@torch.no_grad()
def class_attention(
    tokens: Tensor,
    weight: Tensor,
    bias: Tensor,
    num_heads: int,
    position_bias: Tensor | None = None,
    heads: Heads = "mean",
) -> Tensor:
    """The class token's row of the block's own attention, patches only, in one map of all heads (AttMask, section 3).

    The softmax runs over all tokens, the class token included, so the values of an image sum to less than 1. Keys are
    not computed: ``q . (W y + b) = (W^T q) . y + q . b``, and the last term is the same for all tokens.

    Args:
        tokens: as in :func:`patch_attention`.
        weight: of the block's projection, as in :func:`patch_attention`.
        bias: of the block's projection, as in :func:`patch_attention`.
        num_heads: number of heads.
        position_bias: what the block adds to its logits ``(heads, 1 + L, 1 + L)``, query by key.
        heads: see :class:`ClassAttention`.

    Returns:
        ``(B, L)``, fp32.
    """
    dim = weight.shape[1]
    with without_autocast(tokens):
        x, weight, bias = tokens.float(), weight.float(), bias.float()
        query = (x[:, 0] @ weight[:dim].t() + bias[:dim]).unflatten(-1, (num_heads, -1))
        key_weight = weight[dim : 2 * dim].unflatten(0, (num_heads, -1))
        asked = torch.einsum("bhd,hde->bhe", query, key_weight) / query.shape[-1] ** 0.5
        logits = asked @ x.transpose(1, 2)
        if position_bias is not None:
            logits = logits + position_bias[:, 0].float()
        attention: Tensor = logits.softmax(dim=-1)[..., 1:]
        if heads == "minmax_mean":
            attention = min_max(attention.flatten(0, 1), eps=torch.finfo().tiny).view_as(attention)
        return attention.mean(dim=1)
