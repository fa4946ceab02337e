"""Measuring a model before, during and after its training."""

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..engine.undisturbed import undisturbed
from ..models import MaskedImageModel
from .metrics_file import merge_metrics, read_metrics


class WatchHook(Hook):
    """Measure at the start, every ``interval`` epochs and at the end; log one line each.

    The numbers go to ``metrics.json`` in the work folder, for example ``{"knn": {"start": {"top1_k10": 21.0},
    "epoch_10": {...}, "end": {...}}}``, and become scalars such as ``knn/top1_k10``. Training goes on as if
    nothing had happened: modes and random states are restored.

    Attributes:
        name: key of the numbers in ``metrics.json``, and prefix of the scalars.

    Args:
        interval: epochs between measurements; 0 = only before and after training.
        at_start: whether to measure before the first step, too (not when a run is resumed).

    Raises:
        ValueError: a negative ``interval``.
    """

    name: str

    def __init__(self, interval: int = 0, at_start: bool = True) -> None:
        if interval < 0:
            kind = type(self).__name__
            raise ValueError(f"{kind}: interval is {interval}; use a number of epochs, or 0 for start and end only")
        self.interval = interval
        self.at_start = at_start

    def prepare(self, runner: Runner) -> None:
        """Build the datasets, so that a wrong path stops the run before it trains."""
        raise NotImplementedError

    def measure(self, model: MaskedImageModel) -> dict[str, float] | None:
        """The numbers of a model in eval mode; called on every process, None on all but the main one."""
        raise NotImplementedError

    def describe(self, values: dict[str, float], when: str, start: dict[str, float] | None) -> str:
        """The line of the log; ``start`` holds the numbers from before the training, where there are any."""
        raise NotImplementedError

    def before_train(self, runner: Runner) -> None:
        """Build what is needed, and measure the first weights."""
        with undisturbed(runner.model):
            self.prepare(runner)
        if self.at_start and runner.iter == 0:
            self._evaluate(runner, "start", "before training")

    def after_train_epoch(self, runner: Runner) -> None:
        """Measure every ``interval`` epochs, except the last, which ``after_train`` does."""
        epoch = runner.epoch + 1
        if self.every_n_epochs(runner, self.interval) and epoch < runner.max_epochs:
            self._evaluate(runner, f"epoch_{epoch}", f"after epoch {epoch}")

    def after_train(self, runner: Runner) -> None:
        """Measure the final weights."""
        self._evaluate(runner, "end", "after training")

    def _evaluate(self, runner: Runner, key: str, when: str) -> None:
        with undisturbed(runner.model) as model:
            values = self.measure(model)
        if values is None or not is_main_process():
            return
        merge_metrics(runner.work_dir, {self.name: {key: values}})
        tags = {f"{self.name}/{name}": value for name, value in values.items()}
        runner.message_hub.update_scalars(tags)
        runner.visualizer.add_scalars(tags, step=runner.iter)
        start = read_metrics(runner.work_dir)[self.name].get("start") if key != "start" else None
        runner.logger.info(self.describe(values, when, start))
