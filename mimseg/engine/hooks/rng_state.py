"""Random states of every process in the checkpoint, for an exact resume."""

from typing import Any

from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...registry import HOOKS
from ..loop import PretrainLoop
from ..randomness import get_rng_state, mask_generators, seed_process, set_mask_state, set_rng_state


@HOOKS.register_module()
class RNGStateHook(Hook):
    """Let processes draw alike for masks and differently otherwise; save and, on a resume, restore their states.

    The states are those of torch (CPU and this process's GPU), NumPy, Python and the masks. They are stored as tensors
    and plain numbers, one entry per process, so that the safe reader accepts them. A checkpoint that is only loaded
    from (``load_from``) does not touch the states.
    """

    priority = "LOWEST"

    def __init__(self) -> None:
        self._gathered: list[dict[str, Any]] = []
        self._to_restore: dict[str, Any] | None = None
        self._masks: dict[str, Any] | None = None

    def before_gather_checkpoint(self, runner: Runner) -> None:
        """Collect the states of all processes; called on every one of them."""
        self._gathered = all_gather_object(get_rng_state(runner.bare_model))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Put them into the checkpoint."""
        checkpoint["rng_states"] = self._gathered

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Keep this process's state for the first iteration of a resumed run."""
        if not runner.resuming:
            return
        states = checkpoint["rng_states"]
        if len(states) == runner.world_size:
            self._to_restore = states[runner.rank]
            return
        self._masks = states[0]
        runner.logger.warning(
            f"the checkpoint has random states of {len(states)} processes, this run has {runner.world_size}: masks go "
            "on as they would have, drop path, mixup and CutMix with fresh states, so that a run that has these does "
            "not repeat the interrupted one exactly"
        )

    def before_train(self, runner: Runner) -> None:
        """Part the processes; restore at an epoch's boundary: what the hooks before an epoch draw is still to come."""
        mask_generators(runner.bare_model)
        seed_process(runner.seed, runner.rank, runner.iter)
        if self._masks is not None:
            set_mask_state(self._masks, runner.bare_model)
        loop = runner.train_loop
        if not isinstance(loop, PretrainLoop) or loop.iterations_done() == 0:
            self._restore(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Restore within an epoch: the hooks before it have drawn already."""
        self._restore(runner)

    def _restore(self, runner: Runner) -> None:
        if self._to_restore is not None:
            set_rng_state(self._to_restore, runner.bare_model)
            self._to_restore = None
