"""Loaders of evaluations: every image once, in a fixed order, whatever the number of processes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from mmengine.dist import all_gather_object, get_dist_info
from torch import Tensor
from torch.utils.data import DataLoader

from ..datasets.workers import build_loader
from ..models import MaskedImageModel
from ..registry import DATASETS

IN_ORDER = {"type": "DefaultSampler", "shuffle": False}
EMPTY_FOLDER = re.compile(r"Found 0 files in subfolders of: (?:\{'img_path': )?'?([^'}]*)'?\}?\.")


def in_order(loader: dict[str, Any], name: str) -> dict[str, Any]:
    """The dataloader config with a sampler that gives every image once, in the dataset's order.

    Raises:
        ValueError: the config shuffles or drops images.
    """
    if loader.get("sampler", IN_ORDER) != IN_ORDER or loader.get("drop_last", False):
        raise ValueError(
            f"{name}: the dataloader must give every image once and in order; leave out 'sampler' and 'drop_last'"
        )
    return {**loader, "sampler": IN_ORDER}


@contextmanager
def naming_bad_folders() -> Iterator[None]:
    """Say in one line what is wrong with a dataset's class folders, which mmpretrain reports as an accident.

    Raises:
        ValueError: a folder holds no image, or other classes than the config names.
    """
    try:
        yield
    except RuntimeError as error:
        empty = EMPTY_FOLDER.match(str(error))
        if empty is None:
            raise
        folder = empty[1].rstrip("/")
        raise ValueError(
            f"data folder '{folder}' holds no image in class folders; put images into {folder}/<class>/, or correct "
            "data_root"
        ) from None
    except AssertionError as error:
        if not str(error).startswith("The number of subfolders"):
            raise
        raise ValueError(f"dataset.classes: {error}") from None


def build_in_order(loader: dict[str, Any], name: str) -> DataLoader[Any]:
    """Build a loader of the whole dataset; process r of W gets images r, r + W, ... (the last ones padded).

    Raises:
        ValueError: the config shuffles or drops images, or its folder is empty.
    """
    with naming_bad_folders():
        return build_loader(in_order(loader, name))


class HeldOut:
    """Evenly spaced images of a dataset in fixed batches, which are dealt whole to the processes.

    So what is computed of a batch, and of all of them, does not depend on the number of processes.

    Args:
        loader: dataloader config without sampler.
        max_images: images taken at most; None takes all.
        name: of the loader, for messages.

    Raises:
        ValueError: the config shuffles or drops images, its folder is empty, or ``max_images`` is below 1.
    """

    def __init__(self, loader: dict[str, Any], max_images: int | None, name: str) -> None:
        if max_images is not None and max_images < 1:
            raise ValueError(f"{name}: max_images is {max_images}; use at least one image, or None for all")
        options = in_order(loader, name)
        with naming_bad_folders():
            dataset = options["dataset"]
            dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        size = len(dataset) if max_images is None else min(len(dataset), max_images)
        positions = np.linspace(0, len(dataset) - 1, size).round().astype(int).tolist()
        batch = options.pop("batch_size")
        self.images = size
        self.batches = [positions[start : start + batch] for start in range(0, size, batch)]
        rank, self.world_size = get_dist_info()
        self.own = self.batches[rank :: self.world_size]
        dealt = {"dataset": dataset, "sampler": None, "batch_sampler": self.own}
        self.loader: DataLoader[Any] = build_loader({**options, **dealt})

    def map(self, model: MaskedImageModel, function: Callable[[Tensor, list[int]], Any]) -> list[Any]:
        """Collect what ``function(images, positions)`` gives of every batch, in order, on every process.

        Images ``(B, C, H, W)`` come normalised; positions are those in the dataset. What the function gives is
        sent between processes: leave tensors on the CPU.
        """
        own = []
        for batch, positions in zip(self.loader, self.own, strict=True):
            images = model.data_preprocessor(batch, False)["inputs"]
            own.append(function(images, positions))
        shares = all_gather_object(own)
        return [shares[number % self.world_size][number // self.world_size] for number in range(len(self.batches))]
