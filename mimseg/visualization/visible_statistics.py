"""Undoing a per-patch normalised target with nothing but what the model saw."""

from dataclasses import replace

import torch
from torch import Tensor

from ..models import Reconstruction
from ..ops.patches import patch_statistics, patchify, unpatchify

NOTE = (
    "mean and std of the visible patches, averaged with weights 1/distance² at each hidden one, undo the "
    "normalised-pixel target"
)


def use_visible_statistics(images: Tensor, seen: Reconstruction) -> Reconstruction:
    """``seen`` with hidden patches whose mean and standard deviation come from the visible ones around them.

    A model with normalised pixels as target (MAE, arXiv 2111.06377, section 4) predicts the pattern of a patch, but
    neither its mean nor its standard deviation. Filling in those of the true patch, as is usual, shows more than the
    model knows. Here they are averages over the image's visible patches, weighted by 1 / distance² between the
    patches' centres.

    Args:
        images: normalised ``(B, C, H, W)``.
        seen: what the model made of them, undone with the true patches' statistics.

    Raises:
        ValueError: the target was not normalised, so that there is nothing to undo.
    """
    if seen.pixels is None or not seen.note:
        raise ValueError(
            "statistics='visible' is for models that predict per-patch normalised pixels; this one does not: leave it "
            "out (statistics='true')"
        )
    size = images.shape[-2] // seen.grid[0]
    true = patchify(images.float(), size)
    mean, std = patch_statistics(true)
    pattern = (patchify(seen.pixels.float(), size) - mean) / std
    near_mean, near_std = _average_visible(torch.cat([mean, std], dim=-1), seen.mask, seen.grid).split(1, dim=-1)
    patches = torch.where(seen.mask.unsqueeze(-1), pattern * near_std + near_mean, true)
    return replace(seen, pixels=unpatchify(patches, size, seen.grid), note=NOTE)


def _average_visible(values: Tensor, mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """For every row of ``values (B, L, N)`` that is masked the average of the visible ones; ``mask`` is ``(B, L)``."""
    rows, columns = (torch.arange(side, device=values.device, dtype=values.dtype) for side in grid)
    cells = torch.cartesian_prod(rows, columns)
    weights = torch.cdist(cells, cells).square().clamp(min=1).reciprocal() * ~mask.unsqueeze(1)  # (B, L, L)
    return weights @ values / weights.sum(dim=-1, keepdim=True)
