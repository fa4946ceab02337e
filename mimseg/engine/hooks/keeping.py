"""Checkpoints of some epochs that stay."""

from collections import deque
from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class KeepingCheckpointHook(CheckpointHook):
    """MMEngine's checkpoint hook, which never deletes the checkpoints of every ``keep_every``-th epoch.

    ``interval`` and ``max_keep_ckpts`` say as before how often one is written, and how many of the others are kept: a
    run loses little when it is interrupted, and leaves the stages that a paper evaluates.

    Args:
        keep_every: epochs (with ``by_epoch=False`` iterations) from one kept checkpoint to the next, a multiple of
            ``interval``.
        **options: as for MMEngine's ``CheckpointHook``.

    Raises:
        ValueError: ``keep_every`` is no multiple of ``interval``.
    """

    def __init__(self, keep_every: int, **options: Any) -> None:
        super().__init__(**options)
        if keep_every < 1 or self.interval < 1 or keep_every % self.interval:
            raise ValueError(
                f"default_hooks.checkpoint: keep_every={keep_every} is no multiple of interval={self.interval}; of "
                "those epochs no checkpoint would be written"
            )
        self.keep_every = keep_every

    def before_train(self, runner: Runner) -> None:
        """Take up, on a resume, which checkpoints may go; those that stay are not among them."""
        hub = runner.message_hub
        if "keep_ckpt_ids" in hub.runtime_info:
            hub.update_info("keep_ckpt_ids", [i for i in hub.get_info("keep_ckpt_ids") if i % self.keep_every])
        super().before_train(runner)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        if self.max_keep_ckpts > 0:
            passing = [i for i in self.keep_ckpt_ids if i % self.keep_every]
            self.keep_ckpt_ids = deque(passing, self.max_keep_ckpts)
        super()._save_checkpoint_with_step(runner, step, meta)
