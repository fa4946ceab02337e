"""Scores: how much a patch deserves to be masked."""

from math import isqrt
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from ...ops.attention import AttentionMap, ClassAttention, Heads, PatchAttention
from ...ops.salience import Direction, check_direction, salience
from ...registry import MODELS
from ..step import Need, Step


class Score(nn.Module):
    """A score ``(B, L)`` per patch, higher = mask first.

    Attributes:
        needs: what it reads of the teachers' views.
        reads_tokens: whether it reads the student's patch embedding.
    """

    needs: frozenset[Need] = frozenset()
    reads_tokens = False

    def forward(self, step: Step) -> Tensor:
        """Score the patches of a step that has no mask yet: ``(B, L)``."""
        raise NotImplementedError


@MODELS.register_module()
class PredictedLossScore(Score):
    """The reconstruction loss that a teacher's predictor expects at each patch of the full image (HPM, section 3.4).

    Args:
        teacher: which teacher to ask.
    """

    def __init__(self, teacher: str = "ema") -> None:
        super().__init__()
        self.teacher = teacher
        self.needs = frozenset({(teacher, "predicted_loss")})

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, fp32."""
        predicted = step.views[self.teacher].predicted_loss
        if predicted is None:
            raise RuntimeError(f"teacher {self.teacher!r} was not asked for its predicted loss")
        return predicted


class MapScore(Score):
    """An attention map of a teacher, as it is."""

    def __init__(self, teacher: str, want: AttentionMap) -> None:
        super().__init__()
        self.teacher, self.want = teacher, want
        self.needs = frozenset({(teacher, want)})

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, fp32."""
        return step.views[self.teacher].attention[self.want]


@MODELS.register_module()
class AttentionScore(MapScore):
    """Global patch-wise attention of one head of a teacher that sees the full image (GPA, Eq. 4 and 5).

    Block 9 and head 11, the paper's b9h11, are what its few-shot selection chose for a ViT-B; the paper's h-1, the sum
    of all heads, is ``head=None`` here.

    Args:
        teacher: which teacher to ask.
        block: see :class:`mimseg.ops.attention.PatchAttention`, as for the next four.
        head: likewise.
        axis: likewise.
        with_self: likewise.
        with_class: likewise.

    Raises:
        ValueError: unknown ``axis``.
    """

    def __init__(
        self,
        teacher: str,
        block: int = 9,
        head: int | None = 11,
        axis: Literal["key", "query"] = "key",
        with_self: bool = True,
        with_class: bool = True,
    ) -> None:
        super().__init__(teacher, PatchAttention(block, head, axis, with_self, with_class))


@MODELS.register_module()
class ClassAttentionScore(MapScore):
    """The attention that a teacher's class token pays to each patch of the full image (AttMask, section 3).

    Args:
        teacher: which teacher to ask.
        block: 0-based block; negative counts from the last.
        heads: 'mean' averages the heads (AttMask); 'minmax_mean' stretches each to [0, 1] first (AMT's public code).

    Raises:
        ValueError: unknown ``heads``.
    """

    def __init__(self, teacher: str, block: int = -1, heads: Heads = "mean") -> None:
        super().__init__(teacher, ClassAttention(block, heads))


@MODELS.register_module()
class SalienceScore(Score):
    """Token salience of the student's own patch embedding (SBAM, Eq. 4): no teacher, no parameter, no gradient.

    It reads the embedding that the encoder goes on with in the same step. The paper names only an "input tensor"; its
    public code takes the patch embedding with positions, which is the default here.

    Args:
        positions: add the encoder's position embedding first, where it has one.
        scaled: divide the products by sqrt(D).
        prenorm: normalise every token (LayerNorm without parameters) before the products.
        cell: side in pixels of squares over which tokens are averaged first; default: the tokens as they are. The
            paper's are of 16 px; an encoder that begins with smaller ones (Swin: 4 px) has many more of them.
        direction: see :func:`mimseg.ops.salience.salience`.

    Raises:
        ValueError: a cell below 1, or an unknown direction.
    """

    reads_tokens = True

    def __init__(
        self,
        positions: bool = True,
        scaled: bool = False,
        prenorm: bool = False,
        cell: int | None = None,
        direction: Direction = "outgoing",
    ) -> None:
        super().__init__()
        if cell is not None and cell < 1:
            raise ValueError(f"SalienceScore: cell is a side in pixels, got {cell}")
        self.positions, self.scaled, self.prenorm, self.cell = positions, scaled, prenorm, cell
        self.direction = check_direction(direction)

    def forward(self, step: Step) -> Tensor:
        """``(B, L)``, or one value per cell, fp32; an image's values sum to their number.

        Raises:
            ValueError: the cell is no whole number of tokens, or does not divide the image.
        """
        if step.tokens is None:
            raise RuntimeError("the step was not given the patch embedding that SalienceScore reads")
        tokens = step.tokens.detach().float()
        if self.positions and step.positions is not None:
            tokens = tokens + step.positions.detach()
        if self.cell is not None:
            tokens = average_cells(tokens, self.cell, step)
        if self.prenorm:
            tokens = F.layer_norm(tokens, tokens.shape[-1:])
        return salience(tokens, self.scaled, self.direction)


def average_cells(tokens: Tensor, cell: int, step: Step) -> Tensor:
    """Tokens ``(B, L * k * k, D)``, on a grid k times finer than the step's, averaged over squares of ``cell`` px.

    Returns:
        ``(B, cells, D)``, in raster order.

    Raises:
        ValueError: the cell is no whole number of tokens, or does not divide the image.
    """
    k = isqrt(tokens.shape[1] // step.length)
    (h, w), side = step.grid, step.patch_size // k
    if cell % side:
        raise ValueError(f"masking.score.cell={cell} px is not a multiple of the encoder's {side} px tokens")
    if h * step.patch_size % cell or w * step.patch_size % cell:
        raise ValueError(
            f"masking.score.cell={cell} px does not divide an image of {h * step.patch_size}x{w * step.patch_size} px"
        )
    c = cell // side
    cells: Tensor = tokens.unflatten(1, (h * k // c, c, w * k // c, c)).mean(dim=(2, 4))
    return cells.flatten(1, 2)
