"""The order of samples for loops that count iterations."""

from collections.abc import Iterator

from ..registry import DATA_SAMPLERS
from .sampler import SeededSampler


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(SeededSampler):
    """`SeededSampler` without an end: epoch follows epoch, and batches may straddle two of them.

    Its length is that of one epoch. The arguments are those of `SeededSampler`.
    """

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """``(index, seed)`` of this rank's samples, for ever."""
        epoch, start = divmod(self._first, len(self))
        while True:
            self.epoch = epoch
            super().skip(start)
            yield from super().__iter__()
            epoch, start = epoch + 1, 0

    _first = 0

    def set_epoch(self, epoch: int) -> None:
        """Without effect: the sampler counts the epochs itself."""

    def skip(self, num_samples: int) -> None:
        """Begin ``num_samples`` samples of this rank later, counted from the start of the run.

        Raises:
            ValueError: Negative.
        """
        if num_samples < 0:
            raise ValueError(f"cannot skip {num_samples} samples: give 0 or more")
        self._first = num_samples
