"""Images to patches and back, and per-patch normalisation.

Shapes: B batch, C channels, H W pixels, P patch size, h = H / P, w = W / P, L = h * w patches in row-major order.
"""

import torch
from torch import Tensor


def patch_grid(height: int, width: int, patch_size: int) -> tuple[int, int]:
    """The patch grid ``(h, w)`` of an image of ``height`` x ``width`` pixels.

    Raises:
        ValueError: a side is below 1, or not a multiple of the patch size.
    """
    if height < 1 or width < 1:
        raise ValueError(f"image size {height}x{width} has no pixels; use a multiple of patch_size={patch_size}")
    if height % patch_size or width % patch_size:
        fit = (max(1, height // patch_size) * patch_size, max(1, width // patch_size) * patch_size)
        raise ValueError(
            f"image size {height}x{width} is not a multiple of patch_size={patch_size}; "
            f"use e.g. {fit[0]}x{fit[1]} or another patch size"
        )
    return height // patch_size, width // patch_size


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images ``(B, C, H, W)`` into patch vectors ``(B, L, P * P * C)``.

    The order inside a vector is (row, column, channel), as in MAE's public code.
    """
    batch, channels, height, width = images.shape
    h, w = patch_grid(height, width, patch_size)
    cells = images.reshape(batch, channels, h, patch_size, w, patch_size)
    return cells.permute(0, 2, 4, 3, 5, 1).reshape(batch, h * w, patch_size * patch_size * channels)


def unpatchify(patches: Tensor, patch_size: int, grid: tuple[int, int]) -> Tensor:
    """Inverse of :func:`patchify`: patch vectors ``(B, L, P * P * C)`` to images ``(B, C, H, W)``.

    Raises:
        ValueError: the number of patches is not that of the grid.
    """
    batch, length, dim = patches.shape
    h, w = grid
    if length != h * w:
        raise ValueError(f"{length} patches do not fill a grid of {h}x{w}")
    channels = dim // patch_size**2
    cells = patches.reshape(batch, h, w, patch_size, patch_size, channels)
    return cells.permute(0, 5, 1, 3, 2, 4).reshape(batch, channels, h * patch_size, w * patch_size)


def patch_statistics(patches: Tensor, eps: float = 1e-6) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation ``(B, L, 1)`` of every patch vector (unbiased variance, eps inside the root)."""
    variance, mean = torch.var_mean(patches.float(), dim=-1, keepdim=True)
    return mean, (variance + eps).sqrt()


def normalize_patches(patches: Tensor, eps: float = 1e-6) -> Tensor:
    """Standardise every patch vector on its own (MAE, section 4 "normalised pixels")."""
    mean, std = patch_statistics(patches, eps)
    return (patches - mean) / std


def split_tokens(tokens: Tensor, k: int, grid: tuple[int, int]) -> Tensor:
    """What tokens say of their k x k patches ``(B, T, D * k * k)``, patch by patch ``(B, L, D)`` in raster order.

    Args:
        tokens: vectors in the order (D, row, column).
        k: patches a side of a token.
        grid: patch grid (h, w), L = h * w; T = L / k^2.
    """
    blocks: Tensor = tokens.unflatten(2, (-1, k, k)).unflatten(1, (grid[0] // k, grid[1] // k))
    return blocks.permute(0, 1, 4, 2, 5, 3).flatten(1, 4)


def gather_rows(tokens: Tensor, index: Tensor) -> Tensor:
    """Rows ``index (B, K)`` of ``tokens (B, L, D)`` as ``(B, K, D)``."""
    return tokens.gather(1, index.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))


def scatter_rows(values: Tensor, index: Tensor, length: int, fill: float = 0.0) -> Tensor:
    """Place ``values (B, M)`` at positions ``index (B, M)`` of a new ``(B, length)`` tensor of ``fill``."""
    return values.new_full((values.shape[0], length), fill).scatter(1, index, values)
