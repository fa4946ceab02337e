"""A dataset wrapper: one seed per sample, and unreadable images replaced."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import Dataset

from ..names import printable
from ..registry import DATASETS
from .depth import settle_depth

READ_ERRORS = (OSError, ValueError, cv2.error)  # UnreadableImageError is an OSError; label maps raise the others


@contextmanager
def seeded_rngs(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's CPU generator in the block; put their states back after it."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(seed)
    np.random.seed([seed & 0xFFFFFFFF, seed >> 32, 1])  # without the 1 its stream would equal Python's
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would also reseed the GPUs
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@DATASETS.register_module()
class SeededDataset(Dataset[Any]):
    """Loads sample ``(index, seed)`` with all random generators seeded, and replaces unreadable images.

    A sample whose loading raises OSError, ValueError or cv2.error is unreadable: the next readable one, by
    index, takes its place with the same seed, and the file is counted and named in the log once. Every other
    exception is a bug and passes through. The count is shared by the workers of one process.

    A plain int index works as well and leaves the random generators alone.

    Args:
        dataset: The wrapped dataset, or its config. It must not be in the habit of replacing samples itself.
        max_unreadable: Share of the dataset's files that may be unreadable, 0 to 1. One file is always let
            pass unless the share is 0, so that one bad file does not stop a run on a handful of images.

    Raises:
        ValueError: ``max_unreadable`` out of range, or an empty dataset.
        RuntimeError: On loading, once more files than ``max_unreadable`` allows are unreadable.

    Attributes:
        unreadable: bool ``(N,)``, the samples that this process's workers could not read so far.
    """

    def __init__(self, dataset: dict[str, Any] | Dataset[Any], max_unreadable: float = 0.1) -> None:
        if not 0 <= max_unreadable <= 1:
            raise ValueError(f"SeededDataset(max_unreadable={max_unreadable}): give a share from 0 to 1")
        self.dataset: Any = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.full_init()
        if len(self) == 0:
            raise ValueError(f"SeededDataset: {type(self.dataset).__name__} holds no sample")
        settle_depth(self.dataset)
        self.max_unreadable = max_unreadable
        self._limit = max(int(max_unreadable * len(self) + 1e-6), int(max_unreadable > 0))
        self.unreadable = torch.zeros(len(self), dtype=torch.bool).share_memory_()
        self._by_label_map = torch.zeros(len(self), dtype=torch.bool).share_memory_()

    def full_init(self) -> None:
        """Load the wrapped dataset's list of samples, where it is loaded lazily."""
        if hasattr(self.dataset, "full_init"):
            self.dataset.full_init()

    @property
    def metainfo(self) -> dict[str, Any]:
        """Metadata of the wrapped dataset, such as ``classes``."""
        metainfo: dict[str, Any] = self.dataset.metainfo
        return metainfo

    def get_data_info(self, index: int) -> dict[str, Any]:
        """The wrapped dataset's record of a sample, such as ``img_path`` and ``gt_label``."""
        record: dict[str, Any] = self.dataset.get_data_info(index)
        return record

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, item: int | tuple[int, int]) -> dict[str, Any]:
        if isinstance(item, tuple):
            index, seed = item
            return self._load(index, seed)
        return self._load(item, None)

    def unreadable_files(self) -> list[str]:
        """Files found unreadable so far, by all workers of this process, in dataset order."""
        return [self._name(index) for index in self.unreadable.nonzero().flatten().tolist()]

    def _load(self, index: int, seed: int | None) -> dict[str, Any]:
        for offset in range(len(self)):
            candidate = (index + offset) % len(self)
            try:
                with nullcontext() if seed is None else seeded_rngs(seed):
                    sample: dict[str, Any] = self.dataset[candidate]
                return sample
            except READ_ERRORS as error:
                self._note_unreadable(candidate, error)
        raise RuntimeError(f"none of the {len(self)} images can be read, first: {printable(self._name(index))}")

    def _note_unreadable(self, index: int, error: Exception) -> None:
        if not self.unreadable[index]:
            self.unreadable[index] = True
            label_map = self.get_data_info(index).get("seg_map_path")
            self._by_label_map[index] = label_map is not None and getattr(error, "path", None) == label_map
            message = f"unreadable image, replaced by the next one: {printable(self._name(index))} ({_one_line(error)})"
            print_log(message, logger="current", level=logging.WARNING)
        count = int(self.unreadable.sum())
        if count > self._limit:
            names = [printable(name) for name in self.unreadable_files()]
            raise RuntimeError(
                f"{count} of {len(self)} images are unreadable ({count / len(self):.1%}), more than "
                f"max_unreadable={self.max_unreadable:g} allows: {', '.join(names[:3])}"
                f"{', ...' if count > 3 else ''}; repair or remove them, or "
                f"raise max_unreadable (last reason: {_one_line(error)})"
            ) from error

    def _name(self, index: int) -> str:
        """The file of a sample that could not be read: its label map, or else its image."""
        key = "seg_map_path" if self._by_label_map[index] else "img_path"
        return str(self.get_data_info(index).get(key, f"sample {index}"))


def _one_line(error: Exception) -> str:
    return printable(" ".join(f"{type(error).__name__}: {error}".split()))
