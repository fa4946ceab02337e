"""Masks made of rectangles (BEiT, Algorithm 1), for all images of a batch at once."""

from math import log
from typing import NamedTuple

import torch
from torch import Tensor


class Rectangles(NamedTuple):
    """A attempts at a rectangle for each image: whole numbers ``(B, A)`` each, in patches.

    Attributes:
        height: rows covered.
        width: columns covered.
        top: first row.
        left: first column.
    """

    height: Tensor
    width: Tensor
    top: Tensor
    left: Tensor


def draw_rectangles(
    noise: Tensor, one_area: float, other_area: Tensor, min_aspect: float, grid: tuple[int, int]
) -> Rectangles:
    """Area uniform between two bounds, aspect ratio log-uniform, place uniform.

    Args:
        noise: uniform in [0, 1), ``(B, A, 4)``: area, aspect ratio, row and column of each attempt.
        one_area: one bound of the area, in patches.
        other_area: the other bound ``(B, 1)``; either may be the larger.
        min_aspect: height over width lies between this and its inverse.
        grid: patch grid (h, w). A rectangle that is too large for it begins at 0.
    """
    area, aspect, row, column = noise.unbind(-1)
    area = one_area + (other_area - one_area) * area
    aspect = torch.exp(log(min_aspect) * (1 - 2 * aspect))
    height, width = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    top = (row * (grid[0] + 1 - height)).floor().clamp(min=0)
    left = (column * (grid[1] + 1 - width)).floor().clamp(min=0)
    return Rectangles(height, width, top, left)


def add_rectangle(covered: Tensor, attempts: Rectangles, most: Tensor) -> Tensor:
    """Cover the first attempt that is smaller than the grid and adds between 1 and ``most`` patches.

    Args:
        covered: bool ``(B, h, w)``, what other rectangles cover.
        attempts: ``(B, A)`` rectangles.
        most: how many patches may be added ``(B, 1)``.

    Returns:
        Bool ``(B, h, w)``; ``covered`` where no attempt is good.
    """
    h, w = covered.shape[1:]
    height, width, top, left = (value.unsqueeze(-1) for value in attempts)
    row, column = (torch.arange(n, device=covered.device, dtype=top.dtype) for n in (h, w))
    rows = ((row >= top) & (row < top + height)).float()
    columns = ((column >= left) & (column < left + width)).float()
    # free patches of each attempt's rows, by column: at most h, so half precision counts them exactly
    free = torch.bmm(rows, (~covered).float()).float()
    added = (free * columns).sum(dim=-1)
    good = (attempts.height < h) & (attempts.width < w) & (added > 0) & (added <= most)
    first = good.to(torch.uint8).argmax(dim=1).view(-1, 1, 1)
    chosen = [lines.gather(1, first.expand(-1, 1, lines.shape[2])).bool() for lines in (rows, columns)]
    return covered | (chosen[0].transpose(1, 2) & chosen[1] & good.any(dim=1).view(-1, 1, 1))


def cover_by_rectangles(
    noise: Tensor,
    count: int | Tensor,
    grid: tuple[int, int],
    min_area: int = 16,
    max_area: int | None = None,
    min_aspect: float = 0.3,
) -> Tensor:
    """Cover at most ``count`` patches of each image by rectangles, which may overlap (BEiT, Algorithm 1).

    One rectangle after another: its area is drawn between ``min_area`` and what is left to cover (``max_area`` if that
    is less), its aspect ratio (height over width) log-uniformly, its place uniformly. Of a few attempts the first is
    taken that adds at least one patch and no more than are left. Where none is good, BEiT's code stops; here the next
    rectangle is tried, as in BootMAE's code, which goes on until the count is reached.

    Args:
        noise: uniform in [0, 1), ``(B, R, A, 4)`` for R rectangles with A attempts each.
        count: most patches to cover, for all images or ``(B)``.
        grid: patch grid (h, w).
        min_area: in patches.
        max_area: in patches; None: what is left to cover.
        min_aspect: smallest aspect ratio, its inverse the largest.

    Returns:
        Bool ``(B, h, w)``.
    """
    covered = torch.zeros(len(noise), *grid, dtype=torch.bool, device=noise.device)
    for draws in noise.unbind(dim=1):
        most = (count - covered.sum(dim=(1, 2))).unsqueeze(1)
        if max_area is not None:
            most = most.clamp(max=max_area)
        covered = add_rectangle(covered, draw_rectangles(draws, min_area, most, min_aspect, grid), most)
    return covered
