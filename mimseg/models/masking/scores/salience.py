"""Token salience of the student's own embedding (SBAM)."""

from math import isqrt

import torch.nn.functional as F
from torch import Tensor

from ....ops.salience import Direction, check_direction, salience
from ....registry import MODELS
from ...step import EMBEDDING, Step
from .base import Score


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

    needs = frozenset({EMBEDDING})

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
