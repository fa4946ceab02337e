"""Random states of every process in the checkpoint, for an exact resume."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ..loop import PretrainLoop


@HOOKS.register_module()
class RNGStateHook(Hook):
    """Save and, on a resume, restore the states of torch (CPU and this process's GPU), NumPy and Python.

    They are stored as tensors and plain numbers, one entry per process, so that the safe reader accepts
    them. A checkpoint that is only loaded from (``load_from``) does not touch the states.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._gathered: list[dict[str, Any]] = []
        self._to_restore: dict[str, Any] | None = None

    def before_gather_checkpoint(self, runner: Runner) -> None:
        """Collect the states of all processes; called on every one of them."""
        self._gathered = all_gather_object(get_rng_state())

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put them into the checkpoint."""
        checkpoint["rng_states"] = self._gathered

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep this process's state for the first iteration of a resumed run."""
        if not runner.resuming:
            return
        states = checkpoint.get("rng_states", [])
        if len(states) == runner.world_size:
            self._to_restore = states[runner.rank]
        else:
            runner.logger.warning(
                f"the checkpoint has random states of {len(states)} processes, this run has "
                f"{runner.world_size}: it goes on with fresh ones and does not repeat "
                "the interrupted run exactly"
            )

    def before_train(self, runner: Runner) -> None:
        """Restore at an epoch's boundary: what the hooks before an epoch draw is still to come."""
        loop = runner.train_loop
        if not isinstance(loop, PretrainLoop) or loop.iterations_done() == 0:
            self._restore()

    def before_train_epoch(self, runner: Runner) -> None:
        """Restore within an epoch: the hooks before it have drawn already."""
        self._restore()

    def _restore(self) -> None:
        if self._to_restore is not None:
            set_rng_state(self._to_restore)
            self._to_restore = None


def get_rng_state() -> dict[str, Any]:
    """States of all generators of this process, as tensors, ints and tuples."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        "numpy": (
            str(name),
            torch.from_numpy(keys.astype(np.int64)),
            int(position),
            int(has_gauss),
            float(gauss),
        ),
        "python": random.getstate(),
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Restore :func:`get_rng_state`. A GPU state is left out on a machine without one."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"].cpu())
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, gauss))
    version, words, gauss_next = state["python"]
    random.setstate((version, tuple(words), gauss_next))
