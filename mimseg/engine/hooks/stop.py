"""Ends a training on SIGTERM, SIGINT, SIGHUP or SIGUSR1 so that nothing is lost."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from ...registry import HOOKS
from ..distributed import timeout_of
from ..loop import PretrainLoop
from ..stopping import Agreement, RunStopped, SignalWatch, stopped_by

MARK = "stopped"
STOP_NAME = re.compile(r"iter_(\d+)\.pth")


@HOOKS.register_module()
class StopHook(Hook):
    """Write ``WORK_DIR/iter_<n>.pth`` at the next optimizer step after a signal, and raise :class:`RunStopped`.

    All processes stop after the same step, whichever of them got the signal. Signals wait while a checkpoint is written
    and while an evaluation after an epoch runs; a validation, or a scoring of the training set, whose checkpoint exists
    is left at once, since a resume begins it anew. The file is removed when the resumed run has written its next one.

    The runner registers this hook in every run, and hands signals to it while it trains.
    """

    priority = "LOWEST"  # after the checkpoint hook

    def __init__(self) -> None:
        self.signals = SignalWatch()
        self._agreement: Agreement | None = None
        self._saved = 0  # iteration of the last whole checkpoint, or of the start
        self._latest: Path | None = None
        self._passing: Path | None = None
        self._stopping = False

    @contextmanager
    def watching(self, runner: Runner) -> Iterator[None]:
        """Handle signals within the block, a training.

        Raises:
            RunStopped: one came.
        """
        with self.signals.installed():
            yield
        if self.signals.number:
            line = f"{stopped_by(self.signals.number)} at its end: the training in {runner.work_dir} is finished"
            raise RunStopped(line, self.signals.number)

    def after_load_checkpoint(self, runner: Runner, checkpoint: Mapping[str, Any]) -> None:
        """Remember, on a resume, that the file may go once there is another."""
        if not runner.resuming:
            return
        self._latest = path = Path(runner._load_from)
        name = STOP_NAME.fullmatch(path.name)
        own = path.resolve().parent == Path(runner.work_dir).resolve()
        if checkpoint.get(MARK) is True and own and name and int(name[1]) == checkpoint["meta"]["iter"]:
            self._passing = path

    def before_train(self, runner: Runner) -> None:
        """From here on, signals wait for the end of a step."""
        self._saved = runner.iter
        self._agreement = Agreement(timeout_of(runner.cfg))
        self.signals.deferring = True

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Stop here if a signal came and the iteration ended in an optimizer step."""
        if self._agreement is None or not runner.optim_wrapper.should_update():
            return
        number = self._agreement.after_step(self.signals.number)
        if number:
            self._stop_within_epoch(runner, number)

    def after_train_epoch(self, runner: Runner) -> None:
        """Stop before the validation that follows."""
        if self._agreement is None or not isinstance(runner.train_loop, EpochBasedTrainLoop):
            return
        number = self._agreement.now(self.signals.number)
        if number:
            self._save(runner, runner.iter, {"epoch": runner.epoch + 1, "iter": runner.iter}, by_epoch=True)
            self._stop(runner, number)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Leave a validation whose checkpoint exists."""
        self._leave_if_saved(runner)

    def after_scoring_iter(self, runner: Runner) -> None:
        """Leave a scoring of the training set whose checkpoint exists."""
        self._leave_if_saved(runner)

    def after_train(self, runner: Runner) -> None:
        """Wait for what is under way between the processes."""
        if self._agreement is not None:
            self._agreement.finish()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Mark the file as one that may go."""
        if self._stopping:
            checkpoint[MARK] = True

    def after_save_checkpoint(self, runner: Runner, path: Path, iteration: int) -> None:
        """Take note of a checkpoint that a resume can start from, and remove the one of the last stop."""
        self._saved, self._latest = iteration, path
        if self._passing is not None and self._passing.name != path.name and runner.rank == 0:
            with suppress(OSError):
                self._passing.unlink()
        self._passing = None

    def _leave_if_saved(self, runner: Runner) -> None:
        if self.signals.number and self._agreement is not None and self._saved == runner.iter:
            self._stop(runner, self.signals.number)

    def _stop_within_epoch(self, runner: Runner, number: int) -> None:
        loop, done = runner.train_loop, runner.iter + 1
        if self._saved != done and not _resumes_within_epochs(loop):
            if _ends_epoch(loop, done):
                return  # the epoch's end follows
            kind = type(loop.dataloader.sampler).__name__
            self._stop(runner, number, f"; a {kind} cannot go on within an epoch, so the steps since then are lost")
        self._save(runner, done, {"epoch": runner.epoch, "iter": done}, by_epoch=False)
        self._stop(runner, number)

    def _save(self, runner: Runner, done: int, meta: dict[str, Any], by_epoch: bool) -> None:
        """Write a checkpoint unless there is one of this moment."""
        if self._saved == done:
            return
        self._stopping = True
        options = {"backend_args": {"backend": "AtomicBackend"}, "by_epoch": by_epoch, "meta": meta}
        runner.save_checkpoint(runner.work_dir, f"iter_{done}.pth", **options)

    def _stop(self, runner: Runner, number: int, but: str = "") -> None:
        if self._latest is None:
            line = f"{stopped_by(number)} before the first checkpoint{but}: the same command starts again"
        else:
            line = f"{stopped_by(number)}: the same command with --resume goes on from {self._latest}{but}"
        raise RunStopped(line, number)


def _resumes_within_epochs(loop: Any) -> bool:
    if isinstance(loop, PretrainLoop):
        return hasattr(loop.dataloader.sampler, "skip")
    return isinstance(loop, IterBasedTrainLoop)


def _ends_epoch(loop: Any, done: int) -> bool:
    if isinstance(loop, PretrainLoop):
        return done - loop.epoch_start == loop.epoch_length(loop.epoch)
    return done % len(loop.dataloader) == 0
