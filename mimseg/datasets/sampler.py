"""The order of samples, and a random seed for each of them."""

from collections.abc import Iterator, Sized

from mmengine.dataset import DefaultSampler

from mimseg.registry import DATA_SAMPLERS

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
        self._start = 0
        if multiple_of > 1:
            self.num_samples = len(dataset) // (self.world_size * multiple_of) * multiple_of
            self.total_size = self.num_samples * self.world_size
        if self.num_samples == 0:
            raise ValueError(
                f"a dataset of {len(dataset)} images is too small for {self.world_size} process(es) with "
                f"{multiple_of} images each a step: {self.world_size * multiple_of} are needed; "
                "lower the batch size or the accumulation, or add images"
            )

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """``(index, seed)`` of this rank's samples, seed in [0, 2**63)."""
        indices = list(super().__iter__())
        start, self._start = self._start, 0
        state = mix_seed(mix_seed(0, self.seed), self.epoch)
        return ((index, mix_seed(state, index) >> 1) for index in indices[start:])

    def skip(self, num_samples: int) -> None:
        """Let the next iteration, and only that one, begin ``num_samples`` samples of this rank later.

        Raises:
            ValueError: Negative, or more than an epoch holds.
        """
        if not 0 <= num_samples <= self.num_samples:
            raise ValueError(f"cannot skip {num_samples} samples of an epoch that holds {self.num_samples} per process")
        self._start = num_samples
