"""Stops or goes on when a step is not finite, and names the images that did it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...names import printable
from ...registry import HOOKS
from ..log_failures import best_effort
from ..optim import DeviceFlag, MIMOptimWrapper

NAMED_FILES = 8


class NonFiniteLossError(RuntimeError):
    """A step whose loss or gradient is infinite or not a number."""


@dataclass
class _Step:
    iteration: int
    epoch: int
    batches: list[tuple[Any, Mapping[str, Any]]]
    flag: DeviceFlag


@HOOKS.register_module()
class NonFiniteGuard(Hook):
    """Read :attr:`MIMOptimWrapper.non_finite_flag` and act on it as ``optim_wrapper.non_finite`` says.

    The weights are untouched by such a step in either case. 'stop' raises; 'skip' logs the same line as a
    warning and goes on, unless it happens ``patience`` times in a row. On a GPU the flags are read when they
    arrive, some steps late.

    Args:
        patience: non-finite steps in a row that end the run even with 'skip'.

    Raises:
        NonFiniteLossError: one line with the step, the losses, the precision and the files of the batch on
            this process.
    """

    priority = "HIGH"

    def __init__(self, patience: int = 10) -> None:
        self.patience = patience
        self.skipped = 0
        self._in_a_row = 0
        self._batches: list[tuple[Any, Mapping[str, Any]]] = []
        self._steps: deque[_Step] = deque()

    def before_train(self, runner: Runner) -> None:
        """Require ``MIMOptimWrapper``: this hook reads its non-finite flag."""
        if not isinstance(runner.optim_wrapper, MIMOptimWrapper):
            got = type(runner.optim_wrapper).__name__
            raise ValueError(
                f"NonFiniteGuard needs optim_wrapper.type='MIMOptimWrapper', got {got}: "
                "set it, or do without the guard, with default_hooks.non_finite=None"
            )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Mapping[str, Any] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Remember the batch, and judge the steps whose flag has arrived."""
        losses = {name: value.detach() for name, value in (outputs or {}).items()}
        self._batches.append(((data_batch or {}).get("data_samples"), losses))
        flag = runner.optim_wrapper.non_finite_flag
        if flag is None:
            return
        self._steps.append(_Step(runner.iter + 1, runner.epoch + 1, self._batches, flag))
        self._batches = []
        while self._steps and self._steps[0].flag.ready():
            self._judge(runner, self._steps.popleft())

    def after_train_epoch(self, runner: Runner) -> None:
        """Judge what is still under way."""
        while self._steps:
            self._judge(runner, self._steps.popleft())

    def _judge(self, runner: Runner, step: _Step) -> None:
        if not step.flag.value():
            self._in_a_row = 0
            return
        self.skipped += 1
        self._in_a_row += 1
        line = self._describe(runner, step)
        if runner.optim_wrapper.non_finite == "stop":
            raise NonFiniteLossError(f"{line}; to leave such steps out, set optim_wrapper.non_finite='skip'")
        if self._in_a_row >= self.patience:
            raise NonFiniteLossError(f"{line}; {self._in_a_row} steps in a row were not finite")
        runner.logger.warning(f"{line}; step left out, {self.skipped} so far")

    def _describe(self, runner: Runner, step: _Step) -> str:
        values = ", ".join(f"{name} {float(value):.4g}" for _, losses in step.batches for name, value in losses.items())
        files = [
            printable(sample.metainfo.get("img_path", "?")) for samples, _ in step.batches for sample in samples or ()
        ]
        named = ", ".join(files[:NAMED_FILES])
        if len(files) > NAMED_FILES:
            path = Path(runner.log_dir) / f"non_finite_iter_{step.iteration}_rank_{runner.rank}.txt"
            with best_effort(runner, f"the list of the batch's files, {path},"):
                path.write_text("\n".join(files) + "\n", encoding="utf-8")
            named += f" and {len(files) - NAMED_FILES} more, listed in {path}"
        return (
            f"non-finite gradient at iteration {step.iteration} (epoch {step.epoch}), precision "
            f"{runner.optim_wrapper.precision}, {values}: the weights were not changed; lower "
            "optim_wrapper.optimizer.lr, clip with optim_wrapper.clip_grad, or check the files of the batch: "
            f"{named}"
        )
