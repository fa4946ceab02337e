"""The validation that a killed run owes."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..loop import PretrainLoop

LAST_VALIDATION = "last_validation"
"""In the message hub, the iteration of the last finished one; MMEngine logs all that begins with val."""


class PendingValidation(Hook):
    """On a resume, first do the validation that was due at the checkpoint and did not finish.

    A checkpoint is written before its validation, which takes long. The runner registers this hook last, so that the
    random states are restored when it validates; metrics, histories and the best checkpoint become those of a run that
    was never interrupted.
    """

    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Validate where that is due."""
        if getattr(runner, "resuming", False) and is_due(runner) and not is_done(runner):
            runner.logger.info("the interrupted run did not finish the validation at this checkpoint: done first")
            runner.val_loop.run()


def is_due(runner: Runner) -> bool:
    """Whether a run that has come to where this one is validates before it trains on."""
    if runner.val_loop is None:
        return False
    loop: Any = runner.train_loop
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    if isinstance(loop, PretrainLoop) and loop.iterations_done() > 0:
        return False  # the epoch is not over
    loop._decide_current_val_interval()
    done, end = (loop.epoch, loop.max_epochs) if by_epoch else (loop.iter, loop.max_iters)
    return bool(done > 0 and done >= loop.val_begin and (done % loop.val_interval == 0 or done == end))


def note_done(runner: Runner) -> None:
    """Let the checkpoints from here on say that this validation was finished."""
    runner.message_hub.update_info(LAST_VALIDATION, runner.iter)


def is_done(runner: Runner) -> bool:
    """Whether the checkpoint says that this validation was finished."""
    return bool(runner.message_hub.runtime_info.get(LAST_VALIDATION) == runner.iter)
