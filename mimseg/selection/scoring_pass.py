"""One forward pass over the full training set, dealt to the processes, and the ranking of what it scored."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce, get_dist_info
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from ..datasets.sampler import mix_seed
from ..engine.announce import announced
from ..models import MaskedImageModel
from .base import Selector
from .noise import noise_at

SEED_OF_PIPELINE = 1  # apart from the noise that scores get


class Share(Sampler[tuple[int, int]]):
    """``(index, seed)`` of the images ``rank, rank + world_size, ...`` of a dataset, in order.

    Args:
        size: images of the dataset.
        seed: of the samples' seeds, which a pipeline with random transforms draws from.
    """

    def __init__(self, size: int, seed: int) -> None:
        rank, world_size = get_dist_info()
        self.indices, self.seed = range(rank, size, world_size), seed

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return self.pairs(self.indices)

    def pairs(self, indices: Iterable[int]) -> Iterator[tuple[int, int]]:
        """``(index, seed)`` of any images of the dataset."""
        return ((index, mix_seed(self.seed, index) >> 1) for index in indices)


def sample_seed(seed: int, round_: int) -> int:
    """The state that seeds of samples are mixed from, in a selection round."""
    return mix_seed(mix_seed(mix_seed(0, seed), round_), SEED_OF_PIPELINE)


def loader_like(train: DataLoader[Any], dataset: Any, batch_size: int | None, seed: int) -> DataLoader[Any]:
    """A loader of this process's share of ``dataset``, with the workers and the collation of the training's."""
    return DataLoader(
        dataset,
        batch_size=batch_size or train.batch_size,
        sampler=Share(len(dataset), seed),
        num_workers=train.num_workers,
        timeout=train.timeout,
        collate_fn=train.collate_fn,
        pin_memory=train.pin_memory,
        worker_init_fn=train.worker_init_fn,
        prefetch_factor=train.prefetch_factor,
        multiprocessing_context=train.multiprocessing_context,
        generator=torch.Generator().manual_seed(0),  # so that starting workers does not draw from the global one
    )


def score_all(
    selector: Selector,
    model: MaskedImageModel,
    loader: DataLoader[Any],
    seed: int,
    round_: int,
    log: Callable[[str], None],
    after_batch: Callable[[], None] = lambda: None,
) -> Tensor:
    """Score all images of the loader's dataset; the image scores are the same on every process.

    Args:
        selector: scores them.
        model: out of its distributed wrapper, in eval mode, without gradients.
        loader: of :func:`loader_like`.
        seed: of the run.
        round_: of the selection.
        log: told every half a minute how far it is, where there is no terminal to draw a bar on.
        after_batch: called after each batch; may raise to leave the pass.

    Returns:
        fp32 ``(N,)`` on the CPU; ``-inf`` for images that could not be read.
    """
    dataset: Any = loader.dataset
    scores, start = torch.zeros(len(dataset)), 0
    indices = torch.tensor(loader.sampler.indices)  # type: ignore[attr-defined]
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    own = []
    with announced(len(loader), "selection: scored {done} of {batches} batches", log, bar="scoring") as advance:
        for batch in loader:
            images = model.data_preprocessor(batch, False)["inputs"]
            images = images if isinstance(images, Tensor) else torch.stack(list(images))
            at = indices[start : start + len(images)]
            start += len(images)
            noise = noise_at(seed, round_, at, selector.noise_per_image(model, images))
            own.append(selector.score(model, images, at.to(device), noise.to(device)).float())
            advance()
            after_batch()
    if own:
        scores[indices] = torch.cat(own).cpu()
        if (unreadable := getattr(dataset, "unreadable", None)) is not None:
            scores[indices[unreadable[indices]]] = -torch.inf
    all_reduce(scores, op="sum")  # of zeros and one process's score: exact
    return scores


def score_without_images(selector: Selector, model: MaskedImageModel, size: int, seed: int, round_: int) -> Tensor:
    """As :func:`score_all`, for a selector that reads no images."""
    indices = torch.arange(size)
    noise = noise_at(seed, round_, indices, selector.noise_per_image(model, None))
    return selector.score(model, None, indices, noise).float().cpu()


def rank(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Positions ``(N,)`` from the highest score to the lowest; equal ones in order, NaN last."""
    return np.argsort(-scores, kind="stable")


def keep_first(order: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """The first ``number`` positions of a ranking, rising."""
    return np.sort(order[:number])
