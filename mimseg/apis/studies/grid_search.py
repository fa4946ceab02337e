"""Fine-tunings at several learning rates and layer decays, and how good each is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...checkpoints import MissingCheckpointError
from ...tables import TextTable
from ..run.config import load_config
from .trial import Launch, Trial, choose_metric, launch_script, script

LR = "optim_wrapper.optimizer.lr"
LAYER_DECAY = "optim_wrapper.paramwise_cfg.layer_decay"
DEFAULT_METRICS = ("val/end/accuracy/top1", "val/end/box/AP", "val/end/mIoU")
Pair = tuple[float, float]
"""A learning rate and a layer decay."""


@dataclass(frozen=True)
class Grid:
    """The results of a grid search.

    Attributes:
        metric: name of the metric.
        values: its values by learning rate and layer decay.
        missing: pairs that are not finished.
    """

    metric: str
    values: dict[Pair, float]
    missing: list[Pair]

    @property
    def best(self) -> Pair:
        """The pair with the highest value; the first of equal ones."""
        return max(self.values, key=lambda pair: self.values[pair])

    @property
    def rates(self) -> list[float]:
        """The learning rates, rising."""
        return sorted({rate for rate, _ in (*self.values, *self.missing)})

    @property
    def decays(self) -> list[float]:
        """The layer decays, rising."""
        return sorted({decay for _, decay in (*self.values, *self.missing)})

    @property
    def open_ends(self) -> list[str]:
        """The settings, of those with several values, that are best at their smallest or largest one."""
        found = []
        for index, name in enumerate(("learning rate", "layer decay")):
            tried = {pair[index] for pair in self.values}
            if len(tried) > 1 and self.best[index] in (min(tried), max(tried)):
                found.append(name)
        return found

    def table(self, best: str = "{}*") -> TextTable:
        """Build a row a layer decay, a column a learning rate; ``best`` is the pattern of the best value."""

        def cell(pair: Pair) -> str:
            if pair not in self.values:
                return "-"
            text = f"{self.values[pair]:.2f}"
            return best.format(text) if pair == self.best else text

        header = ["layer decay", *(f"lr {rate:g}" for rate in self.rates)]
        rows = [[f"{decay:g}", *(cell((rate, decay)) for rate in self.rates)] for decay in self.decays]
        return TextTable(header, rows, f"{self.metric} (* best)", text=())

    def as_json(self) -> dict[str, Any]:
        """Everything as data."""

        def entry(pair: Pair, **more: float) -> dict[str, float]:
            return {"lr": pair[0], "layer_decay": pair[1], **more}

        return {
            "metric": self.metric,
            "best": entry(self.best, value=self.values[self.best]),
            "runs": [entry(pair, value=value) for pair, value in self.values.items()],
            "missing": [entry(pair) for pair in self.missing],
        }


class GridSearch:
    """Fine-tune a config from one checkpoint at every pair of learning rate and layer decay (FastMIM, figure 6).

    The work folders are ``OUT/lr<rate>_decay<decay>``. What has finished is not repeated, what was interrupted is
    resumed.

    Args:
        config: of a classifier, detector or segmentor.
        init: weights that every run starts from.
        rates: values of ``optim_wrapper.optimizer.lr``: the base rate, where the config scales it by the batch.
        decays: values of ``optim_wrapper.paramwise_cfg.layer_decay``.
        out: folder of all runs.
        tools: folder of the project's scripts.
        seed: of every run.
        options: further ``key=value`` for every run.
        processes: of every run, on this machine.
        launch: calls a script.

    Raises:
        FileNotFoundError: no such config.
        MissingCheckpointError: no such weights.
        ValueError: a rate or decay that is out of range, fewer than two pairs, or a config without one of the keys.
    """

    def __init__(
        self,
        config: str,
        init: str | Path,
        rates: Sequence[float],
        decays: Sequence[float],
        out: str | Path,
        tools: str | Path,
        *,
        seed: int = 0,
        options: Sequence[str] = (),
        processes: int = 1,
        launch: Launch = launch_script,
    ) -> None:
        self.config, self.init, self.options = config, str(init), list(options)
        self.out, self.tools = Path(out), Path(tools)
        self.seed, self.processes, self.launch = seed, processes, launch
        _check_values(rates, decays)
        self.rates, self.decays = sorted(set(rates)), sorted(set(decays))
        _check_config(config, options)
        if not Path(init).expanduser().exists():
            raise MissingCheckpointError(f"no checkpoint at {init}: check the path")
        self.pairs = [(rate, decay) for decay in self.decays for rate in self.rates]

    def run(self, log: Callable[[str], Any] = print) -> None:
        """Do what is not done yet, in order; the first run that fails ends the search.

        Raises:
            ChildProcessError: a run failed; names its log.
            ValueError: a folder holds a run with other settings.
        """
        for number, pair in enumerate(self.pairs, start=1):
            trial = self.trial(pair)
            name = f"[{number}/{len(self.pairs)}] {named(pair)}"
            if trial.is_finished():
                log(f"{name}: finished before")
            else:
                log(f"{name} ...")
                trial.run(self.command(trial), self.launch)

    def trial(self, pair: Pair) -> Trial:
        """The run of a pair."""
        rate, decay = pair
        options = [*self.options, f"{LR}={rate:g}", f"{LAYER_DECAY}={decay:g}"]
        settings = {"config": self.config, "init": self.init, "options": options, "seed": self.seed}
        return Trial(self.out / f"lr{rate:g}_decay{decay:g}", settings)

    def command(self, trial: Trial) -> list[str]:
        """The script that makes a run, and its arguments."""
        words = ["--init", self.init, "--resume", "--seed", str(self.seed), "--cfg-options", *trial.settings["options"]]
        return [*script(self.tools, "train", self.config, processes=self.processes), *words]

    def collect(self, metric: str | None = None) -> Grid:
        """A metric of all finished runs.

        Args:
            metric: its name; default: top-1, box AP or mIoU of the last validation.

        Raises:
            FileNotFoundError: no run has finished.
            ValueError: a finished run does not have the metric, or was made with other settings.
        """
        trials = {pair: self.trial(pair) for pair in self.pairs}
        measured = {pair: trial.metrics() for pair, trial in trials.items() if trial.is_finished()}
        if not measured:
            raise FileNotFoundError(f"no run in {self.out} has finished: nothing to collect")
        chosen = choose_metric(
            {trials[pair].folder: found for pair, found in measured.items()}, metric, DEFAULT_METRICS
        )
        missing = [pair for pair in self.pairs if pair not in measured]
        return Grid(chosen, {pair: found[chosen] for pair, found in measured.items()}, missing)


def named(pair: Pair) -> str:
    """A pair in words."""
    return f"lr {pair[0]:g}, layer decay {pair[1]:g}"


def _check_values(rates: Sequence[float], decays: Sequence[float]) -> None:
    for rate in rates:
        if not rate > 0:
            raise ValueError(f"--lr {rate:g}: a learning rate is positive")
    for decay in decays:
        if not 0 < decay <= 1:
            raise ValueError(f"--layer-decay {decay:g} does not lie in (0, 1]; 1 is no decay")
    if len(set(rates)) * len(set(decays)) < 2:
        raise ValueError("a grid search compares runs: give at least two values of --lr or --layer-decay")


def _check_config(config: str, options: Sequence[str]) -> None:
    cfg = load_config(config, options)
    for key in (LR, LAYER_DECAY):
        part: Any = cfg
        for name in key.split("."):
            part = part.get(name) if hasattr(part, "get") else None
        if part is None:
            raise ValueError(
                f"config {config} has no {key} to vary; use one of configs/finetune, or a transfer config with layer "
                "decay"
            )
