"""Epoch-based loop that can start in the middle of an epoch, and change image size and batch between epochs."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from ..registry import LOOPS
from .batch import Batch, images_per_batch
from .schedule import WarmupLR
from .stages import Stage, build_loaders, check_sizes, find_crops, stop_workers


class EpochPlan(Protocol):
    """How many images each epoch of a run sees, known before it starts."""

    @property
    def epochs(self) -> int:
        """Epochs that the run begins; may be fewer than its schedules count to."""
        ...

    def images(self, epoch: int) -> int:
        """Images that an epoch draws from."""
        ...

    def share(self, epoch: int) -> float:
        """What part of an epoch is run, above 0 and at most 1."""
        ...


@LOOPS.register_module()
class PretrainLoop(EpochBasedTrainLoop):
    """MMEngine's epoch-based loop with an exact resume from any iteration, and stages (FastMIM-P).

    A run resumed within an epoch tells its sampler to leave out what was already seen, which costs no image
    reading. The loaders of training and validation draw their worker seeds from generators of their own, so that
    starting one does not advance the global one.

    With the first epoch of a stage, the crop of the training pipeline gets another size, :attr:`dataloader` becomes
    the stage's, and accumulation and peak rate follow its batch; weights, optimizer state and the schedule over all
    epochs go on. Iterations of an epoch are counted from where it began, so epochs may differ in length.

    Hooks may define ``plan_epoch(runner)``, called on every process before an epoch begins: what it draws from may
    still change then. How many images that will be must be known before the run, see :meth:`follow`.

    Args:
        runner: the runner.
        dataloader: training loader or its config; its sampler needs ``skip(n)`` for a resume within an epoch. With
            stages, a config.
        max_epochs: epochs to train.
        val_begin: first epoch that is followed by a validation.
        val_interval: epochs between validations.
        stages: arguments of :class:`~mimseg.engine.stages.Stage`, the first from epoch 0; none = the loader as it is.
        schedule_epochs: epochs that schedules count to, where the run ends before them; default: ``max_epochs``.

    Attributes:
        epoch_start: iterations of the run before the running epoch.
        schedule_epochs: epochs that schedules count to; more than ``max_epochs`` where the run ends earlier.

    Raises:
        ValueError: an empty epoch; stages whose size no crop can take or the model's patches do not fit; when
            running, a start within an optimizer step, or outside the epoch.
    """

    dataloader: Any  # a DataLoader; more is asked of its dataset and sampler than these classes promise
    _max_epochs: int

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader[Any] | dict[str, Any],
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        stages: Sequence[Mapping[str, Any]] = (),
        schedule_epochs: int | None = None,
    ) -> None:
        super().__init__(runner, dataloader, max_epochs, val_begin, val_interval)
        self.stages = [Stage(**stage) for stage in stages]
        self.loaders = [self.dataloader]
        if self.stages:
            if isinstance(dataloader, DataLoader):
                raise ValueError("schedule.stages build a loader each: give train_dataloader as a config")
            check_sizes(runner.bare_model, self.stages)
            self.crops = find_crops(self.dataloader.dataset)
            self.loaders = build_loaders(runner, dataloader, self.dataloader.dataset, self.stages)
        for loader in self.loaders:
            if len(loader) == 0:
                raise ValueError(
                    f"an epoch has no batch: {len(loader.dataset)} images for {runner.world_size} "
                    f"processes x batch {loader.batch_size}; lower train_dataloader.batch_size"
                )
            self._own_generator(loader)
        self.epoch_start = 0
        self.schedule_epochs, self._stops = schedule_epochs or self._max_epochs, schedule_epochs is not None
        self.plan: EpochPlan | None = None
        self._max_iters = self._count_iterations()
        self._entered: int | None = None

    def follow(self, plan: EpochPlan) -> None:
        """Let the epochs' lengths, and where the run ends, follow a plan; call before the run begins.

        Raises:
            ValueError: there are stages or a stop, the sampler cannot draw from a subset, or some epoch has too few
                images for an optimizer step.
        """
        if self.stages:
            raise ValueError(
                "a subset of the images goes with one image size and batch: remove schedule.stages or the SelectionHook"
            )
        if self._stops:
            raise ValueError("a SelectionHook says where its run ends: remove schedule.stop")
        if not hasattr(self.dataloader.sampler, "set_subset"):
            raise ValueError(
                f"the sampler {type(self.dataloader.sampler).__name__} cannot draw from a subset; use "
                "train_dataloader.sampler.type='SeededSampler'"
            )
        self.plan, self._max_epochs = plan, plan.epochs
        counts = {plan.images(epoch): epoch for epoch in reversed(range(plan.epochs))}
        for count, epoch in counts.items():
            if self.whole_length(epoch) < self.runner.optim_wrapper._accumulative_counts:
                raise ValueError(self._describe_shortage(count))
        self._max_iters = self._count_iterations()

    def _describe_shortage(self, count: int) -> str:
        accumulation = self.runner.optim_wrapper._accumulative_counts
        batch = self.runner.describe_batch(self.dataloader.batch_size, accumulation)
        return (
            f"a subset of {count} of {len(self.dataloader.dataset)} images is smaller than one step: {batch}; keep "
            "more images, or lower train_dataloader.batch_size or optim_wrapper.accumulative_counts"
        )

    def run(self) -> torch.nn.Module:
        """Train, and validate where the config has a validation loop."""
        if self.runner.val_loop is not None:
            self._own_generator(self.runner.val_loop.dataloader)
        self._begin_epoch()  # the hooks before a training see the epoch that it starts in
        model: torch.nn.Module = super().run()
        stop_workers(self.dataloader)
        return model

    def _own_generator(self, loader: DataLoader[Any]) -> None:
        if loader.generator is None:
            loader.generator = torch.Generator().manual_seed(self.runner.seed)

    def run_epoch(self) -> None:
        """Iterate one epoch, or what is left of it after a resume."""
        self.runner.call_hook("plan_epoch")
        done = self._begin_epoch()
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        if done:
            self.dataloader.sampler.skip(done * self.dataloader.batch_size)
        for index, batch in enumerate(self.dataloader, start=done):
            self.run_iter(index, batch)
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1
        self.epoch_start = self._iter

    def iterations_done(self) -> int:
        """Iterations of the running epoch that are behind us, where it begins."""
        done = self._iter - self.epoch_start
        self.check_start(self._epoch, done)
        return done

    def check_start(self, epoch: int, done: int) -> None:
        """Find out whether an epoch can go on after some of its iterations.

        Raises:
            ValueError: it has fewer, the sampler cannot leave out what was seen, or a step would be cut in two.
        """
        length, accumulation = self.epoch_length(epoch), self.batch_of(epoch).accumulation
        if not 0 <= done <= length:
            raise ValueError(
                f"cannot resume after {done} iterations of epoch {epoch}: this run has "
                f"{length} iterations per epoch; resume with the data, batch size and number "
                "of processes of the first run, or start a new run from its weights with load_from"
            )
        if done and not hasattr(self.dataloader.sampler, "skip"):
            raise ValueError(
                f"cannot resume within an epoch with the sampler {type(self.dataloader.sampler).__name__}; "
                "use SeededSampler, or save checkpoints by epoch"
            )
        if done < length and done % accumulation:
            raise ValueError(
                f"cannot resume after {done} iterations of epoch {epoch}: an optimizer step takes {accumulation} "
                "batches, and those before are lost; resume with the accumulation of the first run"
            )

    def stage_of(self, epoch: int) -> int:
        """Index of the stage that an epoch belongs to; 0 where there are none."""
        return max(bisect_right([stage.epoch for stage in self.stages], epoch) - 1, 0)

    def epoch_length(self, epoch: int) -> int:
        """Iterations of an epoch."""
        whole = self.whole_length(epoch)
        share = 1.0 if self.plan is None else self.plan.share(epoch)
        if share >= 1.0:
            return whole
        step: int = self.runner.optim_wrapper._accumulative_counts
        return max(step, round(share * whole / step) * step)

    def whole_length(self, epoch: int) -> int:
        """Iterations that an epoch has unless the run ends within it."""
        loader = self.loaders[self.stage_of(epoch)]
        if self.plan is None:
            return len(loader)
        samples: int = loader.sampler.samples_of(self.plan.images(epoch))
        batch: int = loader.batch_size
        return samples // batch if loader.drop_last else -(-samples // batch)

    def batch_of(self, epoch: int) -> Batch:
        """The batch that an epoch is trained with."""
        loader = self.loaders[self.stage_of(epoch)]
        stage = self.stages[self.stage_of(epoch)] if self.stages else None
        accumulation = self.runner.optim_wrapper._accumulative_counts if stage is None else stage.accumulative_counts
        return Batch(self.runner.world_size, images_per_batch(loader), accumulation)

    def go_to(self, epoch: int, iteration: int, epoch_start: int) -> None:
        """Let the run begin elsewhere than at its start.

        Args:
            epoch: epochs behind.
            iteration: iterations of the run behind.
            epoch_start: those of them that were before the running epoch.
        """
        self._epoch, self._iter, self.epoch_start = epoch, iteration, epoch_start

    def _count_iterations(self) -> int:
        """Iterations of the whole run."""
        return self.epoch_start + sum(self.epoch_length(epoch) for epoch in range(self._epoch, self._max_epochs))

    def _begin_epoch(self) -> int:
        """Let everything that depends on the stage or counts iterations follow the running epoch.

        Returns:
            Iterations of the epoch that are behind us.
        """
        index = self.stage_of(self._epoch)
        if self.stages and index != self._entered:
            self._enter_stage(index)
        done, length = self.iterations_done(), self.epoch_length(self._epoch)
        if self.plan is not None:
            self.dataloader.sampler.set_limit(length * self.dataloader.batch_size)
        self._max_iters = self._count_iterations()
        wrapper = self.runner.optim_wrapper
        accumulation = wrapper._accumulative_counts
        wrapper._inner_count, wrapper._max_counts = done, length
        wrapper._remainder_counts = length % accumulation
        for scheduler in self.runner.param_schedulers or ():
            if isinstance(scheduler, WarmupLR):
                scheduler.begin_epoch(self.whole_length(self._epoch), accumulation, self._peak_scale(index))
        return done

    def _enter_stage(self, index: int) -> None:
        stage = self.stages[index]
        stop_workers(self.dataloader)
        for crop in self.crops:
            crop.scale = stage.size
        self.dataloader = self.loaders[index]
        self.runner.optim_wrapper._accumulative_counts = stage.accumulative_counts
        self._entered = index
        ends = [following.epoch for following in self.stages[1:]] + [self._max_epochs]
        group = self.runner.optim_wrapper.param_groups[0]
        peak = group.get("initial_lr", group["lr"]) * self._peak_scale(index)
        self.runner.logger.info(
            f"stage {index + 1} of {len(self.stages)}, epochs {stage.epoch + 1} to {ends[index]}: "
            f"{stage.size[0]} x {stage.size[1]} px, "
            f"{self.runner.describe_batch(stage.batch_size, stage.accumulative_counts)} -> learning rate {peak:.2e}"
        )

    def _peak_scale(self, index: int) -> float:
        """Factor of the peak rate, which has been scaled to the batch of the first stage."""
        if not self.stages or not (self.runner.auto_scale_lr or {}).get("enable", False):
            return 1.0
        return self.stages[index].images_per_step / self.stages[0].images_per_step
