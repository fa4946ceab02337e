"""What it costs to load a batch."""

import copy
import itertools
import time

from mmengine.config import Config
from mmengine.runner import Runner

from ..apis import train_on_folder


def loading_seconds(config: Config, folder: str | None, batch_size: int, batches: int = 3) -> float:
    """Seconds that one process takes to load and augment a batch of the config's training images.

    Args:
        config: a training config; its pipeline is used as it is, its own image size included.
        folder: images to load instead of the config's own.
        batch_size: images in a batch.
        batches: how many are timed, after one that is not.

    Raises:
        FileNotFoundError: there are no such images.
        ValueError: fewer images than a batch.
    """
    config = copy.deepcopy(config)
    if folder is not None:
        train_on_folder(config, folder)
    settings = {**config.train_dataloader, "batch_size": batch_size, "num_workers": 0, "drop_last": True}
    for key in ("persistent_workers", "prefetch_factor", "pin_memory"):  # of workers and GPUs
        settings.pop(key, None)
    loader = Runner.build_dataloader(settings, seed=0)
    if len(loader) == 0:
        raise ValueError(f"{len(loader.dataset)} training images are fewer than a batch of {batch_size}")
    endless = itertools.chain.from_iterable(itertools.repeat(loader))
    next(endless)
    start = time.perf_counter()
    for _ in range(batches):
        next(endless)
    return (time.perf_counter() - start) / batches
