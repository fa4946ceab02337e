"""Histograms of oriented gradients.

Shapes: B batch, C channels, H W pixels, S side of a cell, h = H / S, w = W / S cells, P = k * S patch size.
"""

from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import without_autocast


@torch.no_grad()
def hog(images: Tensor, cell: int = 8, bins: int = 9, gaussian: int = 0, normalize: bool = True) -> Tensor:
    """Histograms of the gradient's orientation in every cell and channel (FastMIM, section 3.3; MaskFeat, section 3).

    A pixel adds the magnitude of its gradient to the one bin of its orientation, from 0 to 180 degrees, so that
    opposite directions coincide; nothing is shared between neighbouring bins or cells. Changes from top to bottom are
    in bin 0, from left to right in bin ``bins // 2``. Orientations within a millionth of a bin's width of 0 count as 0.

    With ``normalize`` neither the mean nor the scale of a channel matters, and a zero prediction costs ``1 / bins``.

    Args:
        images: ``(B, C, H, W)``; their edges are mirrored.
        cell: S in pixels.
        bins: number of bins.
        gaussian: side in pixels of the Gaussian windows that weight magnitudes (MaskFeat's public code: 16); see
            :func:`gaussian_window`. They tile the image; 0 weights all pixels alike (FastMIM).
        normalize: divide the histogram of each cell and channel by its L2 norm; one of zeros stays as it is.

    Returns:
        ``(B, C * bins, h, w)``, fp32, without gradient; channels in the order (channel, bin).

    Raises:
        ValueError: H or W is no multiple of ``cell`` or ``gaussian``.
    """
    batch, channels, height, width = images.shape
    _check_sides(height, width, cell, "cell")
    if gaussian:
        _check_sides(height, width, gaussian, "gaussian")
    with without_autocast(images):
        gx, gy = sobel(images.float())
        magnitude = gx.square().addcmul_(gy, gy).sqrt_()
        if gaussian:
            window = gaussian_window(gaussian, images.device)
            magnitude *= window.repeat(height // gaussian, width // gaussian)
        # angles in (-180, 180] degrees to 0 .. 2 * bins; a NaN becomes a valid index, and its magnitude stays NaN
        index = gx.atan2_(gy).mul_(bins / pi).add_(bins).int().clamp_(0, 2 * bins)
        # a histogram is a sum of weighted unit vectors: first over the pixels of each row of a cell, then over its rows
        unit_vectors = torch.eye(bins, device=images.device).repeat(3, 1)
        rows = F.embedding_bag(
            index.reshape(-1, cell), unit_vectors, mode="sum", per_sample_weights=magnitude.reshape(-1, cell)
        )
        histograms = rows.view(batch, channels, height // cell, cell, width // cell, bins).sum(dim=3)
        if normalize:
            histograms = F.normalize(histograms, dim=-1)
    return histograms.permute(0, 1, 4, 2, 3).flatten(1, 2)


def sobel(images: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-correlation of mirrored images ``(B, C, H, W)`` with Sobel's kernels, each channel on its own.

    Args:
        images: at least 2 pixels a side.

    Returns:
        Along x, left minus right, and along y, upper minus lower, smoothed by (1, 2, 1) across; ``(B, C, H, W)`` each.
        Each is exactly 0 where equal rows or columns face each other, whatever the rounding of other values.
    """
    padded = F.pad(images, (1, 1, 1, 1), mode="reflect")
    left, middle, right = padded[..., :-2], padded[..., 1:-1], padded[..., 2:]
    difference = left - right
    smooth = torch.add(left, middle, alpha=2).add_(right)
    along_x = torch.add(difference[..., :-2, :], difference[..., 1:-1, :], alpha=2).add_(difference[..., 2:, :])
    return along_x, smooth[..., :-2, :] - smooth[..., 2:, :]


def gaussian_window(size: int, device: torch.device) -> Tensor:
    """A Gaussian ``(size, size)`` around the middle, of deviation ``size / 2``, whose values sum to 1."""
    distance = torch.arange(size, dtype=torch.float32, device=device) - (size - 1) / 2
    profile = torch.exp(-0.5 * (distance / (size / 2)).square())
    profile = profile / profile.sum()
    return profile.unsqueeze(1) * profile


def group_cells(cells: Tensor, k: int) -> Tensor:
    """Vectors of patches of k x k cells: ``(B, D, h, w)`` to ``(B, L, D * k * k)``, in the order (D, row, column)."""
    blocks: Tensor = cells.unflatten(3, (-1, k)).unflatten(2, (-1, k))
    return blocks.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def ungroup_cells(patches: Tensor, k: int, grid: tuple[int, int]) -> Tensor:
    """Inverse of :func:`group_cells`: ``(B, L, D * k * k)`` to ``(B, D, h, w)``, of a patch grid ``(h / k, w / k)``."""
    blocks: Tensor = patches.unflatten(2, (-1, k, k)).unflatten(1, grid)
    return blocks.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def _check_sides(height: int, width: int, side: int, name: str) -> None:
    if height % side or width % side:
        fit = (max(1, height // side) * side, max(1, width // side) * side)
        raise ValueError(
            f"HOG of an image of {height}x{width} px: a side is no multiple of {name}={side}; use e.g. images of "
            f"{fit[0]}x{fit[1]}, or another {name}"
        )
