"""From a priority per patch to a mask, without a loop over samples and without a host-device synchronisation.

Convention: mask is bool ``(B, L)``, True = masked (hidden from the encoder), row-major, class token excluded.
"""

from dataclasses import dataclass
from math import ceil, isqrt
from typing import Literal

import torch
from torch import Tensor

from ..choices import one_of
from .packing import Packing
from .patches import gather_rows

CountRounding = Literal["floor", "ceil"]


def number_masked(length: int, ratio: float, rounding: CountRounding = "floor") -> int:
    """``L - int(L * (1 - ratio))``: how many of ``length`` patches are masked (MAE's public rule).

    A whole number of visible patches is not lost to rounding: of 196 at 1 - 68/196 they are 68, not 67.

    Args:
        length: L.
        ratio: share of the patches that is masked.
        rounding: of the number of visible patches: 'floor' is MAE's, HPM's, GPA's and SBAM's public code, 'ceil' is
            ``K = ceil(L (1 - ratio))`` as SBAM's section 3 prints it, which masks one fewer where this is no whole
            number (117 of 196 at 0.6, not 118).

    Raises:
        ValueError: unknown ``rounding``, or the ratio leaves nothing masked or nothing visible.
    """
    check_rounding(rounding)
    kept = length * (1 - ratio)
    masked = length - (int(kept + 1e-9) if rounding == "floor" else ceil(kept - 1e-9))
    if not 0 < masked < length:
        raise ValueError(
            f"mask ratio {ratio} masks {masked} of {length} patches; at least one must be masked and one visible "
            "(change the ratio, or use a larger image or smaller patches)"
        )
    return masked


def check_rounding(rounding: str) -> CountRounding:
    """``rounding`` itself.

    Raises:
        ValueError: it is neither 'floor' nor 'ceil'.
    """
    checked: CountRounding = one_of("count_rounding", rounding, CountRounding)
    return checked


@dataclass(frozen=True)
class PatchMask:
    """A mask together with the index lists that every consumer needs, each in raster order.

    Where all images hide equally many patches, the lists are ``(B, K)`` and ``(B, M)`` patch indices, and what is taken
    with them has these leading dimensions. Where the numbers differ (a *ragged* mask), they are rows of the flattened
    ``(B * L)``, image after image, and what is taken is packed: one row a patch, no padding.

    Attributes:
        mask: bool ``(B, L)``, True = masked (hidden from the encoder).
        visible: indices of the visible patches, ascending: ``(B, K)``, or ``(sum K)`` if ragged.
        masked: indices of the patches to predict, ascending: ``(B, M)``, or ``(sum M)`` if ragged. All hidden ones,
            except for a policy that throws some away.
        ragged: what else is known of a ragged mask; None where the numbers are equal.
    """

    mask: Tensor
    visible: Tensor
    masked: Tensor
    ragged: "Ragged | None" = None

    @classmethod
    def from_bool(cls, mask: Tensor, masked: int, thrown: int = 0) -> "PatchMask":
        """From a mask in which every row has exactly ``masked`` True (the caller knows: reading it would wait).

        Args:
            mask: bool ``(B, L)``, or uint8 with 0 = visible, 1 = thrown (hidden, not predicted), 2 = masked.
            masked: number of patches to predict per row.
            thrown: number of patches thrown away per row.
        """
        order = mask.to(torch.uint8).argsort(dim=1, stable=True)
        length = mask.shape[1]
        return cls(mask.bool(), order[:, : length - masked - thrown], order[:, length - masked :])

    @classmethod
    def from_counts(cls, mask: Tensor, masked: Tensor, mean: Tensor | None = None) -> "PatchMask":
        """From a bool mask ``(B, L)`` whose rows have ``masked (B)`` True.

        How many rows a packed tensor has is a shape, so this reads the counts: the one wait of a step with an adaptive
        ratio.

        Args:
            mask: bool ``(B, L)``.
            masked: number masked per row, integers ``(B)``.
            mean: mean of all numbers in the global batch, if that is more than this one.
        """
        batch, length = mask.shape
        hidden, fewest = torch.stack([masked.sum(), masked.min()]).tolist()
        order = mask.flatten().to(torch.uint8).argsort(stable=True)
        shown = batch * length - hidden
        ragged = Ragged(masked, length - fewest, masked.float().mean() if mean is None else mean)
        return cls(mask, order[:shown], order[shown:], ragged)

    @property
    def is_ragged(self) -> bool:
        """Whether the number of hidden patches differs between images."""
        return self.ragged is not None

    @property
    def throws(self) -> bool:
        """Whether some hidden patches are not predicted either."""
        return self.ragged is None and self.visible.shape[1] + self.masked.shape[1] < self.mask.shape[1]

    def take_visible(self, tokens: Tensor) -> Tensor:
        """The visible rows of ``tokens (B, L, D)`` as ``(B, K, D)``, or packed ``(sum K, D)``."""
        return self._take(tokens, self.visible)

    def take_masked(self, tokens: Tensor) -> Tensor:
        """The rows to predict of ``tokens (B, L, D)`` as ``(B, M, D)``, or packed ``(sum M, D)``."""
        return self._take(tokens, self.masked)

    @property
    def visible_patches(self) -> Tensor:
        """The patches that are visible: ``(B, K)``, or ``(sum K)``, each in [0, L)."""
        return self.visible if self.ragged is None else self.visible % self.mask.shape[1]

    def _take(self, tokens: Tensor, index: Tensor) -> Tensor:
        return gather_rows(tokens, index) if self.ragged is None else tokens.flatten(0, 1).index_select(0, index)

    def leave_out_thrown(self, tokens: Tensor) -> Tensor:
        """Of ``tokens (B, L, D)`` the visible rows and those to predict, ``(B, K + M, D)``; not of a ragged mask."""
        return gather_rows(tokens, torch.cat([self.visible, self.masked], dim=1))

    def put_back(self, rows: Tensor) -> Tensor:
        """What :meth:`leave_out_thrown` gave, at its places in ``(B, L, D)``, zeros elsewhere."""
        index = torch.cat([self.visible, self.masked], dim=1).unsqueeze(-1).expand_as(rows)
        return rows.new_zeros(*self.mask.shape, rows.shape[-1]).scatter(1, index, rows)

    def put_masked(self, tokens: Tensor, rows: Tensor) -> Tensor:
        """``tokens (B, L, D)`` with what :meth:`take_masked` would take replaced by ``rows``."""
        if self.ragged is None:
            return tokens.scatter(1, self.masked.unsqueeze(-1).expand_as(rows), rows)
        return tokens.flatten(0, 1).index_copy(0, self.masked, rows).view_as(tokens)

    def spread(self, values: Tensor, fill: float = 0.0) -> Tensor:
        """A value for each patch to predict, ``(B, M)`` or packed, as ``(B, L)`` with ``fill`` elsewhere."""
        return self.put_masked(values.new_full((*self.mask.shape, 1), fill), values.unsqueeze(-1)).squeeze(-1)

    def mean(self, values: Tensor) -> Tensor:
        """Mean of a value for each patch to predict, over all of them: every patch of the global batch weighs the same.

        Data parallelism averages the processes' losses. Where their numbers of patches differ, each divides by the
        mean number instead of its own.
        """
        return values.mean() if self.ragged is None else values.sum() / (self.ragged.mean * len(self.mask))

    def by_image(self, values: Tensor) -> tuple[Tensor, Tensor | None]:
        """A value for each patch to predict as ``(B, M)``; if ragged, padded to ``(B, L)``, and which are real."""
        if self.ragged is None:
            return values, None
        return self.spread(values), self.mask


@dataclass(frozen=True)
class Ragged:
    """What is known of a mask that hides a different number of patches in each image.

    Attributes:
        masked: number masked in each image ``(B)``.
        most_visible: largest number of visible patches.
        mean: mean number masked, a scalar on the device, over the images of all processes.
    """

    masked: Tensor
    most_visible: int
    mean: Tensor

    def packing(self, length: int, rows: int, prefix: int) -> Packing:
        """How sequences of ``prefix`` tokens and each image's visible patches are packed.

        Args:
            length: number of patches L.
            rows: number of visible patches of all images.
            prefix: tokens before the patches.
        """
        batch = len(self.masked)
        return Packing.of(length - self.masked + prefix, rows + batch * prefix, self.most_visible + prefix)


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


def mask_largest(priority: Tensor, masked: int | Tensor) -> Tensor:
    """Bool mask ``(B, L)`` that is True at the largest priorities ``(B, L)`` of each row.

    Args:
        priority: ``(B, L)``.
        masked: how many, the same for every row or ``(B)``.
    """
    hidden = torch.zeros_like(priority, dtype=torch.bool)
    if isinstance(masked, int):
        return hidden.scatter_(1, priority.topk(masked, dim=1, sorted=False).indices, True)
    order = priority.argsort(dim=1, descending=True)
    among = torch.arange(priority.shape[1], device=priority.device) < masked.unsqueeze(1)
    return hidden.scatter_(1, order, among)


def mask_highest(score: Tensor, masked: int) -> Tensor:
    """Bool mask ``(B, L)`` that is True at the ``masked`` highest scores ``(B, L)`` of each row, for certain.

    Of equal scores, which half precision makes common, the earlier ones are masked: an image's mask depends on its
    scores alone, on every device and in any batch.
    """
    order = score.argsort(dim=1, descending=True, stable=True)
    return torch.zeros_like(score, dtype=torch.bool).scatter_(1, order[:, :masked], True)


def mask_hard_then_random(score: Tensor, noise: Tensor, masked: int | Tensor, hard: int | Tensor) -> Tensor:
    """Mask the ``hard`` largest scores for certain and ``masked - hard`` others at random.

    HPM section 3.4 and Algorithm S1, vectorised: the hard set gets infinite priority, the others their noise, and the
    ``masked`` largest priorities are masked. ``hard == 0`` is plain random masking.

    Args:
        score: ``(B, L)``; ranked in fp32; what comes in half precision has its ties already.
        noise: ``(B, L)``, continuous.
        masked: number masked per row, the same for all or ``(B)``.
        hard: number masked by score per row, ``0 <= hard <= masked``, the same for all or ``(B)``.

    Returns:
        Bool mask ``(B, L)`` with exactly ``masked`` True per row.
    """
    return mask_largest(noise.masked_fill(mask_largest(score.float(), hard), torch.inf), masked)


def race(log_weights: Tensor, noise: Tensor) -> Tensor:
    """Keys whose k largest are k draws without replacement (the Gumbel-top-k trick, Kool et al. 2019).

    Args:
        log_weights: ``(B, U)``, logarithms of unnormalised probabilities.
        noise: uniform ``(B, U)`` in [0, 1).

    Returns:
        ``(B, U)``.
    """
    return log_weights - (-noise.clamp(min=1e-8).log()).log()


def pool_to_units(score: Tensor, units: tuple[int, int]) -> Tensor:
    """Scores ``(B, h * k * w * k)`` on a grid k times finer than ``units`` (h, w), averaged to ``(B, h * w)``.

    Raises:
        ValueError: the number of scores is not that of such a grid.
    """
    h, w = units
    k = isqrt(score.shape[1] // (h * w))
    if h * w * k * k != score.shape[1]:
        raise ValueError(
            f"{score.shape[1]} scores an image cannot be averaged to {h}x{w} mask units; use a teacher or score whose "
            "patches divide the units (masking.unit)"
        )
    return score if k == 1 else score.unflatten(1, (h, k, w, k)).mean(dim=(2, 4)).flatten(1)


def repeat_units(mask: Tensor, units: tuple[int, int], k: int) -> Tensor:
    """A mask ``(B, h * w)`` over units (h, w) of k x k patches as a mask ``(B, h * k * w * k)`` over patches."""
    if k == 1:
        return mask
    h, w = units
    return mask.view(-1, h, 1, w, 1).expand(-1, h, k, w, k).reshape(len(mask), -1)
