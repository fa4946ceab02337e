"""Epoch-based loop that can start in the middle of an epoch."""

from typing import Any

import torch
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from ..registry import LOOPS


@LOOPS.register_module()
class PretrainLoop(EpochBasedTrainLoop):
    """MMEngine's epoch-based loop with an exact resume from any iteration.

    A run resumed within an epoch tells its sampler to leave out what was already seen, which costs no image
    reading. The loaders of training and validation draw their worker seeds from generators of their own, so that
    starting one does not advance the global one.

    Args:
        runner: the runner.
        dataloader: training loader or its config; its sampler needs ``skip(n)`` for a resume within an epoch.
        max_epochs: epochs to train.
        val_begin: first epoch that is followed by a validation.
        val_interval: epochs between validations.

    Raises:
        ValueError: empty epoch, or one that is no whole number of optimizer steps; or a checkpoint of a run
            with another number of iterations per epoch.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader[Any] | dict[str, Any],
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
    ) -> None:
        super().__init__(runner, dataloader, max_epochs, val_begin, val_interval)
        if len(self.dataloader) == 0:
            raise ValueError(
                f"an epoch has no batch: {len(self.dataloader.dataset)} images for {runner.world_size} "
                f"processes x batch {self.dataloader.batch_size}; lower train_dataloader.batch_size"
            )
        self._own_generator(self.dataloader)

    def run(self) -> torch.nn.Module:
        """Train, and validate where the config has a validation loop."""
        if self.runner.val_loop is not None:
            self._own_generator(self.runner.val_loop.dataloader)
        model: torch.nn.Module = super().run()
        return model

    def _own_generator(self, loader: DataLoader[Any]) -> None:
        if loader.generator is None:
            loader.generator = torch.Generator().manual_seed(self.runner.seed)

    def run_epoch(self) -> None:
        """Iterate one epoch, or what is left of it after a resume."""
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        done = self.iterations_done()
        if done:
            self.dataloader.sampler.skip(done * self.dataloader.batch_size)
        for index, batch in enumerate(self.dataloader, start=done):
            self.run_iter(index, batch)
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def iterations_done(self) -> int:
        """Iterations of the running epoch that are behind us."""
        done = self._iter - self._epoch * len(self.dataloader)
        if not 0 <= done <= len(self.dataloader):
            raise ValueError(
                f"cannot resume at iteration {self._iter} of epoch {self._epoch}: this run has "
                f"{len(self.dataloader)} iterations per epoch; resume with the data, batch size and number "
                "of processes of the first run, or start a new run from its weights with load_from"
            )
        if done and not hasattr(self.dataloader.sampler, "skip"):
            raise ValueError(
                f"cannot resume within an epoch with the sampler {type(self.dataloader.sampler).__name__}; "
                "use SeededSampler, or save checkpoints by epoch"
            )
        return done
