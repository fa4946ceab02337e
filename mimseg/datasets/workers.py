"""Worker processes of loaders: they end with their parent, leave signals to it, and are not waited for for ever."""

import multiprocessing
import signal
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ..processes import STOP_SIGNALS, die_with_parent

WORKER_TIMEOUT = 1800
"""Seconds that a batch may take unless a loader's ``timeout`` says otherwise: no slow disk, but a worker that hangs."""


class StartWorker:
    """A ``worker_init_fn`` that ties a worker to its parent, and then does what the loader's own one does.

    Args:
        then: the loader's own ``worker_init_fn``.
    """

    def __init__(self, then: Callable[[int], None] | None = None) -> None:
        self.then = then

    def __call__(self, worker_id: int) -> None:
        """Called in the worker before it loads anything."""
        parent = multiprocessing.parent_process()
        forked = multiprocessing.get_start_method() != "forkserver"  # whose child it would be
        if forked and parent is not None and parent.pid is not None:
            die_with_parent(parent.pid)
        leave_signals_to_parent()
        if self.then is not None:
            self.then(worker_id)


def build_loader(
    config: DataLoader[Any] | Mapping[str, Any], seed: int | None = None, diff_rank_seed: bool = False
) -> DataLoader[Any]:
    """Build a loader as MMEngine's ``Runner.build_dataloader`` does, with guarded workers.

    They end with this process even if it is killed, and a batch that does not come within ``timeout`` seconds (of the
    config; default :data:`WORKER_TIMEOUT`, 0 = wait for ever) is an error.

    Args:
        config: of the loader; a loader that is built already is given back as it is.
        seed: of the sampler and the workers.
        diff_rank_seed: whether the sampler draws a seed of its own.
    """
    if isinstance(config, DataLoader):
        return config
    return guard_workers(Runner.build_dataloader(config, seed, diff_rank_seed), config.get("timeout"))


def guard_workers(loader: DataLoader[Any], timeout: float | None = None) -> DataLoader[Any]:
    """Let the workers of a loader end with this process, ignore its signals, and be waited for for a limited time.

    Args:
        loader: has not been iterated yet; changed in place.
        timeout: seconds until a missing batch is an error, 0 = never; default: :data:`WORKER_TIMEOUT`.
    """
    limit = WORKER_TIMEOUT if timeout is None else timeout
    loader.timeout = limit if loader.num_workers > 0 else 0
    if not isinstance(loader.worker_init_fn, StartWorker):
        loader.worker_init_fn = StartWorker(loader.worker_init_fn)
    return loader


def leave_signals_to_parent() -> None:
    """Ignore the signals that a terminal or a cluster sends to all processes: the parent ends the run in good order.

    SIGTERM is ignored once; a second one, as ``multiprocessing`` sends to workers that hang, has its usual effect.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _obey_the_next if number == signal.SIGTERM else signal.SIG_IGN)


def _obey_the_next(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
