"""Chooses the images of the coming epochs, and nothing else about the training."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from numpy.typing import NDArray

from ..engine import PretrainLoop
from ..engine.log_failures import best_effort
from ..engine.undisturbed import undisturbed
from ..evaluation import merge_metrics
from ..models import MaskedImageModel
from ..registry import HOOKS, SELECTORS
from .base import Selector
from .budget import PlanOptions, SelectionPlan, Stop, check_options, make_plan
from .ledger import Ledger
from .records import record_path, save_gallery, save_scores, save_table
from .scoring_pass import keep_first, loader_like, rank, sample_seed, score_all, score_without_images
from .scoring_view import Transform, scoring_view
from .state import read_state

NOTHING_CHOSEN = -1


@HOOKS.register_module()
class SelectionHook(Hook):
    """Train on the images that a selector scores highest, chosen anew every ``interval`` epochs (PASS, section 3.2).

    Before epoch W = ``warmup_epochs`` (0-based), W + ``interval`` and so on, every image of the full training set gets
    a score, and the coming epochs draw from the highest. The pass is dealt to the processes, runs in the precision of
    the run, and changes nothing of the training but the subset. Lengths of epochs, learning rate and the time left
    follow; a run resumed within such a block goes on with its subset.

    In ``WORK_DIR/selection``, each round leaves ``round_<n>.npz`` (all scores, kept indices), ``round_<n>.csv`` (the
    1000 highest and lowest) and, where images were scored, ``round_<n>.png``. ``metrics.json`` tells under
    ``selection`` the images seen and the budget, as planned and as they came, and what training, the selector's tasks,
    the selections and their records took in seconds.

    Args:
        selector: config of a :class:`Selector`.
        warmup_epochs: W, first epochs, on the full set.
        interval: epochs from one selection to the next.
        keep: rho, share of the images that is kept, in (0, 1]; or
        budget: B, share of the passes over the full set that the run makes, in (0, 1]. Give one of the two.
        stop: 'full' runs all epochs, and keeps as many images as the budget allows; 'budget' keeps that share of the
            images, and ends the run when it has seen that share. See :func:`~mimseg.selection.make_plan`.
        dt_epochs: gamma, epochs before each selection in which the selector's tasks are trained; they are off in all
            others.
        keep_last_block: whether they are trained also in the last epochs before a selection that the end of the run
            forestalls (table 4 of PASS counts these).
        batch_size: images of a scoring batch, per process; None takes the training's.
        transform: 'center' scores centre crops after a resize, without flip; 'train' the training's random crops;
            a list of transforms what these make.

    Raises:
        ValueError: both ``keep`` and ``budget`` or neither, a value out of range; on starting, a plan that does not fit
            the epochs or the batch; on a resume, another number of images or another plan.
    """

    def __init__(
        self,
        selector: dict[str, Any],
        warmup_epochs: int = 20,
        interval: int = 20,
        keep: float | None = None,
        budget: float | None = None,
        stop: Stop = "full",
        dt_epochs: int = 3,
        keep_last_block: bool = False,
        batch_size: int | None = None,
        transform: Transform = "center",
    ) -> None:
        check_options(warmup_epochs, interval, keep, budget, stop)
        for name, value, least in (("dt_epochs", dt_epochs, 0), ("batch_size", batch_size, 1)):
            if value is not None and (not isinstance(value, int) or value < least):
                raise ValueError(f"SelectionHook: {name} must be a whole number of at least {least}, got {value!r}")
        self.selector: Selector = SELECTORS.build(selector)
        self.options = PlanOptions(warmup_epochs=warmup_epochs, interval=interval, keep=keep, budget=budget, stop=stop)
        self.dt_epochs, self.keep_last_block = dt_epochs, keep_last_block
        self.batch_size, self.transform = batch_size, transform
        self.ledger = Ledger()
        self.chosen_at, self.round = NOTHING_CHOSEN, 0
        self.kept: torch.Tensor | None = None
        self.training_tasks = True

    def before_run(self, runner: Runner) -> None:
        """Make the plan, and let the loop follow it, before a checkpoint is resumed."""
        loop = runner._train_loop
        if loop is None or isinstance(loop, dict):
            return
        if not isinstance(loop, PretrainLoop):
            raise ValueError(f"SelectionHook needs train_cfg.type='PretrainLoop', got {type(loop).__name__}")
        dataset = loop.dataloader.dataset
        self.plan: SelectionPlan = make_plan(len(dataset), loop.schedule_epochs, **self.options)
        loop.follow(self.plan)
        self.selector.check(runner.bare_model)
        self.task_epochs = self._task_epochs(runner)
        if self.selector.needs_images:
            scoring_view(dataset, self.transform)
        self._log_plan(runner)

    def _task_epochs(self, runner: Runner) -> frozenset[int] | None:
        """Epochs in which the selector's tasks are trained; None where it has none."""
        if not self.selector.tasks:
            return None
        epochs = self.plan.epochs_before_selections(self.dt_epochs, self.keep_last_block)
        if not any(epoch < self.plan.selections[0] for epoch in epochs):
            raise ValueError(
                f"SelectionHook: {', '.join(self.selector.tasks)} would not be trained before the first selection; "
                "raise dt_epochs and warmup_epochs to at least 1"
            )
        if runner.distributed and not runner.cfg.get("find_unused_parameters", False):
            raise ValueError(
                f"SelectionHook switches {', '.join(self.selector.tasks)} off, whose weights then get no gradient; "
                "with several processes, set find_unused_parameters=True"
            )
        return epochs

    def _log_plan(self, runner: Runner) -> None:
        plan, before = self.plan, [epoch + 1 for epoch in self.plan.selections]
        named = ", ".join(map(str, before if len(before) < 5 else [*before[:2], "...", before[-1]]))
        trained = (
            ""
            if self.task_epochs is None
            else (f"; {', '.join(self.selector.tasks)} in {len(self.task_epochs)} epochs")
        )
        runner.logger.info(
            f"selection by {type(self.selector).__name__}: {plan.kept} of {plan.dataset_size} images "
            f"({plan.keep:.1%}), chosen before epochs {named}; {plan.end:.4g} of {plan.nominal_epochs} epochs see "
            f"{plan.budget:.1%} of the full run's images{trained}"
        )

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping[str, Any]) -> None:
        """Take up subset and counts on a resume."""
        if not runner.resuming:
            return
        state, epoch = checkpoint.get("selection"), checkpoint["meta"]["epoch"]
        if state is not None:
            taken = read_state(state, self.plan)
            self.ledger, self.kept = taken.ledger, taken.kept
            self.chosen_at, self.round = taken.chosen_at, taken.round
        missing = self.plan.selected_at(epoch)
        if missing not in (None, self.chosen_at) and not (missing == epoch and self._at_its_start(checkpoint)):
            raise ValueError(
                f"the checkpoint is of epoch {epoch + 1}, and the images chosen before epoch {missing + 1} are not in "
                "it: resume with the SelectionHook of the first run, or start from its weights with load_from"
            )
        runner.train_dataloader.sampler.set_subset(self.kept)

    @staticmethod
    def _at_its_start(checkpoint: Mapping[str, Any]) -> bool:
        meta = checkpoint["meta"]
        return bool(meta.get("epoch_start", meta["iter"]) == meta["iter"])

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put subset and counts into the checkpoint."""
        checkpoint["selection"] = {
            "dataset_size": self.plan.dataset_size,
            "plan": {name: getattr(self.plan, name) for name in ("warmup_epochs", "interval", "kept")},
            "chosen_at": self.chosen_at,
            "round": self.round,
            "kept": self.kept,
            "ledger": self.ledger.state(),
        }

    def plan_epoch(self, runner: Runner) -> None:
        """Choose the images, where it is time to, and switch the selector's tasks."""
        epoch = runner.epoch
        if epoch in self.plan.selections and epoch != self.chosen_at:
            self._select(runner, epoch)
        self.training_tasks = self.task_epochs is not None and epoch in self.task_epochs
        if self.task_epochs is not None:
            for task in self.selector.tasks:
                runner.bare_model.switch_task(task, self.training_tasks)

    def before_train_epoch(self, runner: Runner) -> None:
        """Take the time."""
        self.ledger.start()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Count images and time."""
        images = len(data_batch["inputs"]) if data_batch else 0
        self.ledger.add_iteration(images * runner.world_size, self.training_tasks)

    def after_train(self, runner: Runner) -> None:
        """Compare the run with its plan."""
        metrics = self.ledger.metrics(self.plan)
        if is_main_process():
            merge_metrics(runner.work_dir, {"selection": metrics})
        seen, budget, seconds = metrics["images_seen"], metrics["budget"], metrics["seconds"]
        runner.logger.info(
            f"selection: {seen['actual']} images seen of {seen['planned']} planned, {budget['actual']:.2%} of "
            f"{self.plan.nominal_epochs} full epochs (planned {budget['planned']:.2%}); {seconds['selection']:.0f} s "
            f"of {seconds['total']:.0f} s went into selections, {seconds['predictor']:.0f} s into the selector's tasks"
        )

    def _select(self, runner: Runner, epoch: int) -> None:
        dataset = runner.train_dataloader.dataset
        if len(dataset) != self.plan.dataset_size:
            raise ValueError(
                f"the training set has {len(dataset)} images, but had {self.plan.dataset_size} when the run was "
                "planned; a dataset must not change while it is selected from"
            )
        if torch.cuda.is_available():
            torch.cuda.synchronize()  # what is still under way is not the selection's
        self.ledger.start()
        round_ = self.round + 1
        with undisturbed(runner.model) as model, runner.optim_wrapper.autocast():
            scores, loader = self._score(runner, model, round_)
            order = self._rank(runner, scores)
            kept = keep_first(order, self.plan.kept)
            seconds = self.ledger.add_selection()
            if is_main_process():
                with best_effort(runner, f"the record of selection round {round_}"):
                    self._record(runner, model, loader, (epoch, round_), (scores, order, kept))
        self.ledger.add_records()
        self.kept, self.chosen_at, self.round = torch.from_numpy(kept), epoch, round_
        runner.train_dataloader.sampler.set_subset(self.kept)
        self._report(runner, scores, order, seconds)

    def _score(self, runner: Runner, model: MaskedImageModel, round_: int) -> tuple[NDArray[np.float32], Any]:
        if not self.selector.needs_images:
            scores = score_without_images(self.selector, model, self.plan.dataset_size, runner.seed, round_)
            return scores.numpy(), None
        train = runner.train_dataloader
        images = scoring_view(train.dataset, self.transform)
        loader = loader_like(train, images, self.batch_size, sample_seed(runner.seed, round_))
        poll = partial(runner.call_hook, "after_scoring_iter")
        scores = score_all(self.selector, model, loader, runner.seed, round_, runner.logger.info, poll)
        return scores.numpy(), loader

    def _rank(self, runner: Runner, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        useless = int(np.isnan(scores).sum())
        if useless == len(scores):
            raise ValueError(
                f"{type(self.selector).__name__} scored no image with a number; the model may have diverged: lower the "
                "learning rate, or check the selector"
            )
        if useless:
            runner.logger.warning(f"selection: {useless} images have no number as score, and are ranked last")
        return rank(scores)

    def _record(
        self,
        runner: Runner,
        model: MaskedImageModel,
        loader: Any,
        when: tuple[int, int],
        what: tuple[NDArray[Any], ...],
    ) -> None:
        (epoch, round_), (scores, order, kept) = when, what
        save_scores(record_path(runner.work_dir, round_, ".npz"), epoch, scores, kept)
        dataset = runner.train_dataloader.dataset
        save_table(record_path(runner.work_dir, round_, ".csv"), dataset, scores, order, len(kept))
        if loader is not None:
            title = f"{runner.experiment_name}   ·   selection before epoch {epoch + 1}, by {self.selector.name}"
            path = record_path(runner.work_dir, round_, ".png")
            picture = save_gallery(path, loader, model, scores, order, len(kept), title)
            runner.visualizer.add_image("selection", picture, step=runner.iter)

    def _report(self, runner: Runner, scores: NDArray[np.float32], order: NDArray[np.int64], seconds: float) -> None:
        plan = self.plan
        last = float(scores[order[plan.kept - 1]])
        numbers = {"epoch": self.chosen_at, "kept": plan.kept, "seconds": seconds, "lowest_kept_score": last}
        if is_main_process():
            metrics = {**self.ledger.metrics(plan), "rounds": {f"round_{self.round:02d}": numbers}}
            merge_metrics(runner.work_dir, {"selection": metrics})
        runner.logger.info(
            f"selection {self.round} of {len(plan.selections)}, before epoch {self.chosen_at + 1}: kept {plan.kept} of "
            f"{plan.dataset_size} images, {self.selector.name} {last:.4g} to {float(scores[order[0]]):.4g}; "
            f"{seconds:.1f} s"
        )
