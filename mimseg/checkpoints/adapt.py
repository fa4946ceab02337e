"""Fitting a tensor of a file to a model of another size."""

from dataclasses import dataclass
from math import isqrt

import torch
from timm.layers.patch_embed import resample_patch_embed
from torch import Tensor

from ..ops.posembed import resize_grid, sincos_2d


@dataclass(frozen=True)
class Fitted:
    """A tensor that fits, and what was done to it for that, in words (empty: nothing)."""

    tensor: Tensor
    how: str = ""


def conv_to_linear(kernel: Tensor) -> Tensor:
    """A patch embedding ``(D, C, P, P)`` as ``(D, P * P * C)``, in the order of :func:`mimseg.ops.patches.patchify`.

    Raises:
        ValueError: the kernel is no square.
    """
    if kernel.ndim != 4 or kernel.shape[2] != kernel.shape[3]:
        raise ValueError(f"its patch embedding has shape {tuple(kernel.shape)}; only square patches (D, C, P, P) fit")
    return kernel.permute(0, 2, 3, 1).flatten(1).contiguous()


def linear_to_conv(weight: Tensor, patch: tuple[int, int]) -> Tensor:
    """Inverse of :func:`conv_to_linear`."""
    size, channels = patch
    return weight.reshape(len(weight), size, size, channels).permute(0, 3, 1, 2).contiguous()


def adapt_patch_embed(weight: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Fitted:
    """A patch embedding ``(D, P * P * C)`` for other patches and channels, each as (P, C).

    Patch size: the pseudo-inverse resize of FlexiViT (Beyer et al. 2023), by timm. Channels: their sum for one channel,
    otherwise cyclic repetition times ``C / C'``, so that activations keep their scale.
    """
    kernel, done = linear_to_conv(weight, old), []
    (size, channels), (new_size, new_channels) = old, new
    if channels != new_channels:
        if new_channels == 1:
            kernel = kernel.sum(dim=1, keepdim=True)
            done.append(f"{channels} channels summed")
        else:
            kernel = kernel[:, torch.arange(new_channels) % channels] * (channels / new_channels)
            done.append(f"channels {channels} -> {new_channels}, repeated x {channels}/{new_channels}")
    if size != new_size:
        kernel = resample_patch_embed(kernel, [new_size, new_size])
        done.append(f"patches {size} -> {new_size} px (FlexiViT)")
    return Fitted(conv_to_linear(kernel), ", ".join(done))


def fixed_table(grid: tuple[int, int], dim: int) -> Tensor:
    """The sine-cosine table ``(1 + L, dim)`` of a patch grid, class token's zeros first."""
    return torch.cat([torch.zeros(1, dim), sincos_2d(grid, dim)])


def fixed_grid(table: Tensor) -> tuple[int, int] | None:
    """The patch grid whose sine-cosine table ``table (1 + L, D)`` is, class token's zeros first; None if of no grid."""
    length, dim = len(table) - 1, table.shape[1]
    if length < 1 or dim % 4 or table[0].abs().max() > 0:
        return None
    tolerance = 1e-5 if table.dtype == torch.float32 else 1e-2
    heights = [h for h in range(1, length + 1) if length % h == 0]
    for h in sorted(heights, key=lambda h: abs(h - length / h)):  # square first
        if torch.allclose(table[1:].float(), sincos_2d((h, length // h), dim), rtol=0, atol=tolerance):
            return h, length // h
    return None


def square_grid(length: int) -> tuple[int, int] | None:
    """The square grid of that many patches, if there is one."""
    side = isqrt(length)
    return (side, side) if side * side == length else None


def with_class_row(table: Tensor) -> Tensor:
    """A table ``(1 + L, D)``; one of L rows of a square grid, to which the class token adds none, gets zeros for it."""
    if square_grid(len(table) - 1) is None and square_grid(len(table)) is not None:
        return torch.cat([torch.zeros_like(table[:1]), table])
    return table


def grid_of_table(length: int, told: tuple[int, int] | None, new: tuple[int, int]) -> tuple[int, int]:
    """The patch grid of a learned position table with ``length`` rows besides the class token's.

    Args:
        length: L.
        told: what the file says, None if it does not; then the grid must be the model's or a square.
        new: the model's grid.

    Raises:
        ValueError: the grid cannot be told.
    """
    if told is not None and told[0] * told[1] == length:
        return told
    grid = new if length == new[0] * new[1] else square_grid(length)
    if grid is None:
        raise ValueError(
            f"its position table has {length} rows besides the class token's, which is no square grid and not the "
            f"model's {new[0]}x{new[1]}; set model.encoder.image_size to the size that it was trained with"
        )
    return grid


def adapt_table(table: Tensor, old: tuple[int, int] | None, new: tuple[int, int]) -> Tensor:
    """A learned position table ``(1 + L, D)`` for another grid, bicubically; the class token's row as it is.

    Args:
        table: from the file.
        old: its grid, None if the file does not tell; see :func:`grid_of_table`.
        new: the model's grid.

    Raises:
        ValueError: the grid cannot be told.
    """
    old = grid_of_table(len(table) - 1, old, new)
    return table if old == new else torch.cat([table[:1], resize_grid(table[1:], old, new)])


def adapt_loss_head(tensor: Tensor, rows: int) -> Fitted:
    """A loss predictor's head for ``rows`` outputs, of which the mean is the prediction: the very same function."""
    mean = tensor.double().mean(dim=0, keepdim=True).to(tensor.dtype)  # double: exact for equal rows
    how = f"mean of {len(tensor)} rows" if rows == 1 else f"{len(tensor)} -> {rows} rows of the same mean"
    return Fitted(mean.expand(rows, *tensor.shape[1:]).clone(), how)
