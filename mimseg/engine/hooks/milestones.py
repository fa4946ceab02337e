"""Checkpoints that stay, among those that make room for newer ones."""

from typing import Any

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from ...registry import HOOKS


@HOOKS.register_module()
class MilestoneCheckpointHook(CheckpointHook):
    """MMEngine's hook, with checkpoints that ``max_keep_ckpts`` never removes: the results within a longer schedule.

    SBAM, for one, reports epochs 200, 400, 600 and 800 of 800 (section 6.1).

    Args:
        keep_every: epochs (or iterations, with ``by_epoch=False``) from one checkpoint that stays to the next.
        options: of MMEngine's hook; ``interval`` must divide ``keep_every``.

    Raises:
        ValueError: ``keep_every`` is no multiple of ``interval``.
    """

    def __init__(self, keep_every: int, **options: Any) -> None:
        super().__init__(**options)
        if keep_every < 1 or self.interval < 1 or keep_every % self.interval:
            raise ValueError(
                f"default_hooks.checkpoint.keep_every={keep_every} must be a multiple of interval={self.interval}"
            )
        self.keep_every = keep_every

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        if self.max_keep_ckpts > 0 and self.keep_ckpt_ids and self.keep_ckpt_ids[0] % self.keep_every == 0:
            self.keep_ckpt_ids.popleft()  # forgotten, so that it is not removed
        super()._save_checkpoint_with_step(runner, step, meta)
