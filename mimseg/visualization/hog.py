"""Histograms of oriented gradients as strokes."""

from math import pi
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def draw_hog(histograms: Tensor, bins: int, side: int = 16) -> NDArray[Any]:
    """Draw a stroke for every orientation of every cell.

    Strokes run along the edge, at right angles to the gradient of the middle of their bin, and are as bright as the
    mean of their bin over the colour channels; where they cross, the brighter one is seen. Values below 0, which only
    predictions have, are black.

    Args:
        histograms: ``(B, C * bins, h, w)`` in the order (channel, bin), see :func:`mimseg.ops.hog.hog`.
        bins: number of orientations.
        side: of a drawn cell, in pixels.

    Returns:
        Brightness ``(B, h * side, w * side)``, on the scale of the histograms.
    """
    strengths = stroke_strengths(histograms, bins)
    picture = strengths.new_zeros(len(strengths), *(cells * side for cells in strengths.shape[2:]))
    for strength, stroke in zip(strengths.unbind(dim=1), strokes(bins, side), strict=True):
        picture = torch.maximum(picture, torch.kron(strength, stroke.unsqueeze(0)))
    return picture.numpy()


def stroke_strengths(histograms: Tensor, bins: int) -> Tensor:
    """Compute how bright the strokes of histograms ``(B, C * bins, h, w)`` are: ``(B, bins, h, w)``, on the CPU."""
    by_channel: Tensor = histograms.detach().float().cpu().unflatten(1, (-1, bins))  # untyped in PyTorch
    return by_channel.clamp(min=0).mean(dim=1)


def strokes(bins: int, side: int) -> Tensor:
    """A stroke through the middle of a cell for every bin, ``(bins, side, side)`` in [0, 1], with soft edges."""
    place = torch.arange(side) - (side - 1) / 2
    down, right = torch.meshgrid(place, place, indexing="ij")
    angle = ((torch.arange(bins) + 0.5) * pi / bins).view(-1, 1, 1)  # gradient: 0 points down, 90 degrees to the right
    across = (right * angle.sin() + down * angle.cos()).abs()
    along = (right * angle.cos() - down * angle.sin()).abs()
    thickness, length = max(1.5, side / 8), side - 1
    drawn: Tensor = (thickness / 2 + 0.5 - across).clamp(0, 1) * (length / 2 + 0.5 - along).clamp(0, 1)
    return drawn
