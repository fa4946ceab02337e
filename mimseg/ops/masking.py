"""From a priority per patch to a mask, without a loop over samples and without a host-device synchronisation.

Convention: mask is bool ``(B, L)``, True = masked (hidden from the encoder), row-major, class token excluded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


def number_masked(length: int, ratio: float) -> int:
    """``L - int(L * (1 - ratio))``: how many of ``length`` patches are masked (MAE's public rule).

    Raises:
        ValueError: the ratio leaves nothing masked or nothing visible.
    """
    masked = length - int(length * (1 - ratio))
    if not 0 < masked < length:
        raise ValueError(
            f"mask ratio {ratio} masks {masked} of {length} patches; at least one must be masked and one visible "
            "(change the ratio, or use a larger image or smaller patches)"
        )
    return masked


@dataclass(frozen=True)
class PatchMask:
    """A mask together with the two index lists that every consumer needs, each in raster order.

    Attributes:
        mask: bool ``(B, L)``, True = masked.
        visible: indices of the visible patches ``(B, K)``, ascending.
        masked: indices of the masked patches ``(B, M)``, ascending.
    """

    mask: Tensor
    visible: Tensor
    masked: Tensor

    @classmethod
    def from_bool(cls, mask: Tensor, masked: int) -> "PatchMask":
        """From a bool mask in which every row has exactly ``masked`` True (the caller knows: reading it would wait)."""
        order = mask.to(torch.uint8).argsort(dim=1, stable=True)
        keep = mask.shape[1] - masked
        return cls(mask, order[:, :keep], order[:, keep:])


def uniform_noise(
    batch: int,
    length: int,
    device: torch.device,
    generator: torch.Generator | None = None,
    rank: int = 0,
    world_size: int = 1,
) -> Tensor:
    """U[0, 1) noise ``(B, L)`` in fp32 for this rank's rows of the global batch.

    Every rank draws the noise of the whole global batch from the same generator state and takes rows
    ``rank::world_size``, the rows that an interleaving sampler gives it. So masks differ between ranks, and N processes
    mask a global batch exactly as one process would.
    """
    noise = torch.rand(batch * world_size, length, device=device, generator=generator)
    return noise[rank::world_size]


def mask_largest(priority: Tensor, masked: int) -> Tensor:
    """Bool mask ``(B, L)`` that is True at the ``masked`` largest priorities ``(B, L)`` of each row."""
    index = priority.topk(masked, dim=1, sorted=False).indices
    return torch.zeros_like(priority, dtype=torch.bool).scatter_(1, index, True)


def mask_hard_then_random(score: Tensor, noise: Tensor, masked: int, hard: int) -> Tensor:
    """Mask the ``hard`` largest scores for certain and ``masked - hard`` others at random.

    HPM section 3.4 and Algorithm S1, vectorised: the hard set gets infinite priority, the others their noise, and the
    ``masked`` largest priorities are masked. ``hard == 0`` is plain random masking.

    Args:
        score: ``(B, L)``; ranked in fp32, so that half precision makes no ties.
        noise: ``(B, L)``, continuous.
        masked: number masked per row.
        hard: number masked by score per row, ``0 <= hard <= masked``.

    Returns:
        Bool mask ``(B, L)`` with exactly ``masked`` True per row.
    """
    index = score.float().topk(hard, dim=1, sorted=False).indices
    return mask_largest(noise.scatter(1, index, torch.inf), masked)
