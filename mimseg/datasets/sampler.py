"""The order of samples, and a random seed for each of them."""

import math
from collections.abc import Iterator, Sized

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from ..registry import DATA_SAMPLERS

MASK64 = (1 << 64) - 1


def mix_seed(state: int, value: int) -> int:
    """Fold an integer into a 64-bit state (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = (state + (value & MASK64) * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & MASK64
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK64
    return mixed ^ (mixed >> 31)


@DATA_SAMPLERS.register_module()
class SeededSampler(DefaultSampler):
    """MMEngine's DefaultSampler that yields ``(index, seed)`` pairs for `SeededDataset`.

    The seed depends on (sampler seed, epoch, index) alone, so a sample's augmentation depends neither on the
    number of workers or processes nor on where a run was resumed. Rank r of W takes positions r, r + W, ...:
    batch b of all ranks together holds the samples of batch b of one process with W times the batch size.

    The epochs may draw from a subset (:meth:`set_subset`), in an order that depends on its size alone, and be cut
    short (:meth:`set_limit`).

    Args:
        dataset: What is sampled from; its length counts.
        shuffle: A new order every epoch; False keeps the dataset's order.
        seed: Of the order and of the samples' seeds; None draws one that all ranks share.
        round_up: Repeat samples so that all ranks get equally many. Without effect where ``multiple_of`` > 1.
        multiple_of: Cut the epoch so that the number of samples per rank is a multiple of this (batch size
            times gradient accumulation). The cut is of the shuffled order, so every epoch leaves out other
            samples.

    Raises:
        ValueError: ``multiple_of`` below 1, or too few samples for one multiple on every rank.
    """

    rank: int
    world_size: int

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        multiple_of: int = 1,
    ) -> None:
        if multiple_of < 1:
            raise ValueError(f"SeededSampler(multiple_of={multiple_of}): give 1 or more")
        super().__init__(dataset, shuffle=shuffle, seed=seed, round_up=round_up)
        self.multiple_of = multiple_of
        self._start = 0
        self._limit: int | None = None
        self.set_subset(None)

    def set_subset(self, indices: Tensor | None) -> None:
        """Let the coming epochs draw from some samples only. Give every rank the same.

        Args:
            indices: int64 ``(K,)``, positions in the dataset, without repeats; None for all.

        Raises:
            ValueError: A position outside the dataset, or too few samples for one multiple on every rank.
        """
        count = len(self.dataset) if indices is None else len(indices)
        if indices is not None and count and not 0 <= int(indices.min()) <= int(indices.max()) < len(self.dataset):
            raise ValueError(
                f"a subset has positions {int(indices.min())} to {int(indices.max())}, but the dataset has "
                f"{len(self.dataset)} images; choose the subset from this dataset"
            )
        if self.samples_of(count) == 0:
            kind = "dataset" if indices is None else "subset"
            raise ValueError(
                f"a {kind} of {count} images is too small for {self.world_size} process(es) with "
                f"{self.multiple_of} images each a step: {self.world_size * self.multiple_of} are needed; "
                "lower the batch size or the accumulation, or add images"
            )
        self.subset, self._count = indices, count

    def samples_of(self, count: int) -> int:
        """Samples that an epoch over ``count`` images has on this rank."""
        if self.multiple_of > 1:
            return count // (self.world_size * self.multiple_of) * self.multiple_of
        return math.ceil((count if self.round_up else count - self.rank) / self.world_size)

    def set_limit(self, num_samples: int | None) -> None:
        """Cut the coming epochs to their first ``num_samples`` samples of this rank; None leaves them whole."""
        self._limit = num_samples

    def __len__(self) -> int:
        whole = self.samples_of(self._count)
        return whole if self._limit is None else min(whole, self._limit)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """``(index, seed)`` of this rank's samples, seed in [0, 2**63)."""
        start, self._start = self._start, 0
        places = self.rank + self.world_size * torch.arange(start, len(self))
        own = self._order()[places % self._count]
        if self.subset is not None:
            own = self.subset[own]
        state = mix_seed(mix_seed(0, self.seed), self.epoch)
        return ((index, mix_seed(state, index) >> 1) for index in own.tolist())

    def _order(self) -> Tensor:
        if not self.shuffle:
            return torch.arange(self._count)
        return torch.randperm(self._count, generator=torch.Generator().manual_seed(self.seed + self.epoch))

    def skip(self, num_samples: int) -> None:
        """Let the next iteration, and only that one, begin ``num_samples`` samples of this rank later.

        Raises:
            ValueError: Negative, or more than an epoch holds.
        """
        if not 0 <= num_samples <= len(self):
            raise ValueError(f"cannot skip {num_samples} samples of an epoch that holds {len(self)} per process")
        self._start = num_samples
