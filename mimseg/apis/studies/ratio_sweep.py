"""Models pre-trained at several mask ratios, and how good each is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.registry import init_default_scope

from ...checkpoints import find_latest
from ...checkpoints.run_file import as_one_file
from ...models import Classifier
from ...registry import MODELS
from ..inference.inference import check_masked
from ..run.config import load_config, options_for
from .trial import Launch, Trial, choose_metric, launch_script, script

DEFAULT_METRICS = (
    "val/end/accuracy/top1",
    "test/knn/top1_k20",
    "test/knn/best",
    "knn/end/top1_k20",
    "knn/end/top1_k10",
)

Curves = dict[str, dict[float, float]]
"""Values by model and mask ratio."""


@dataclass(frozen=True)
class Member:
    """One model at one mask ratio.

    Attributes:
        config: of the pre-training.
        label: the config's folder and name.
        ratio: share of patches masked.
        folder: holds the work folders of its pre-training and evaluation.
        options: further ``key=value`` for its pre-training.
    """

    config: str
    label: str
    ratio: float
    folder: Path
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sweep:
    """The results of a sweep.

    Attributes:
        metric: name of the metric.
        curves: its values by model and mask ratio.
        missing: what is not finished, in words.
    """

    metric: str
    curves: Curves
    missing: list[str]


class RatioSweep:
    """Pre-train configs at several mask ratios, and evaluate each run.

    The work folders are ``OUT/<config's folder>/<config>/<ratio>/pretrain`` and, beside it, one of the evaluation's
    folder and name. What has finished is not repeated, what was interrupted is resumed.

    Args:
        configs: of pre-trainings; ``model.masking.ratio.ratio`` is set in each.
        ratios: shares of patches masked.
        out: folder of all runs.
        tools: folder of the project's scripts.
        evaluate: config of k-NN, a linear probe or fine-tuning; without it, what the pre-trainings measure counts.
        seed: of pre-training and evaluation.
        options: further ``key=value`` for the pre-trainings, see :func:`mimseg.apis.run.config.options_for`.
        evaluate_options: ``key=value`` for the evaluations.
        processes: of every run, on this machine.
        launch: calls a script.

    Raises:
        FileNotFoundError: no such config.
        ValueError: fewer than two ratios or one outside (0, 1), two configs of one name, a config that masks nothing
            or cannot mask at one of the ratios, or an evaluation that evaluates nothing.
    """

    def __init__(
        self,
        configs: Sequence[str],
        ratios: Sequence[float],
        out: str | Path,
        tools: str | Path,
        *,
        evaluate: str | None = None,
        seed: int = 0,
        options: Sequence[str] = (),
        evaluate_options: Sequence[str] = (),
        processes: int = 1,
        launch: Launch = launch_script,
    ) -> None:
        self.out, self.tools = Path(out), Path(tools)
        self.evaluate, self.seed, self.processes, self.launch = evaluate, seed, processes, launch
        self.evaluate_options = list(evaluate_options)
        self.tests_only = evaluate is not None and _is_test(evaluate, evaluate_options)
        own_options = options_for(configs, options)
        self.members = [
            Member(config, label, ratio, self.out / label / f"{ratio:g}", tuple(own))
            for (label, config), own in zip(_labels_of(configs, own_options).items(), own_options, strict=True)
            for ratio in _checked(ratios)
        ]
        for member in self.members:
            _check_masks(member)

    def run(self, log: Callable[[str], Any] = print) -> None:
        """Do what is not done yet, in order; the first run that fails ends the sweep.

        Raises:
            ChildProcessError: a run failed; names its log.
            ValueError: a folder holds a run with other settings, or no checkpoint.
        """
        for number, member in enumerate(self.members, start=1):
            for trial in self.trials(member):
                name = (
                    f"[{number}/{len(self.members)}] {member.label}, mask ratio {member.ratio:g}, {trial.folder.name}"
                )
                if trial.is_finished():
                    log(f"{name}: finished before")
                else:
                    log(f"{name} ...")
                    trial.run(self.command(member, trial), self.launch)

    def trials(self, member: Member) -> list[Trial]:
        """The pre-training and, if there is one, the evaluation, whose metrics count."""
        options = options_of(member)
        settings = {"config": member.config, "options": options, "seed": self.seed}
        pretraining = Trial(member.folder / "pretrain", settings)
        if self.evaluate is None:
            return [pretraining]
        settings = {"config": self.evaluate, "options": self.evaluate_options, "seed": self.seed, "weights": settings}
        return [pretraining, Trial(member.folder / "_".join(_last_parts(self.evaluate)), settings)]

    def command(self, member: Member, trial: Trial) -> list[str]:
        """The script that makes a trial, and its arguments.

        Raises:
            ValueError: there are no weights to evaluate.
        """
        pretraining = self.trials(member)[0]
        config, options = trial.settings["config"], trial.settings["options"]
        overrides = ["--cfg-options", *options] if options else []
        train = ["--resume", "--seed", str(self.seed), *overrides]
        if trial == pretraining:
            return [*self._script("train", config), *train]
        checkpoint = find_latest(pretraining.folder)
        if checkpoint is None:
            raise ValueError(f"{pretraining.folder} holds no checkpoint to evaluate: delete it to train again")
        if self.tests_only:
            return [*self._script("test", config, str(checkpoint)), *overrides]
        return [*self._script("train", config), "--init", str(checkpoint), *train]

    def collect(self, metric: str | None = None) -> Sweep:
        """A metric of all finished runs.

        Args:
            metric: its name; default: the first of ``DEFAULT_METRICS`` that all runs have.

        Raises:
            FileNotFoundError: no run has finished.
            ValueError: a finished run does not have the metric, or was made with other settings.
        """
        measured: dict[Member, dict[str, float]] = {}
        missing = []
        for member in self.members:
            trials = self.trials(member)
            if all(trial.is_finished() for trial in trials):
                measured[member] = trials[-1].metrics()
            else:
                missing.append(f"{member.label} at {member.ratio:g}")
        if not measured:
            raise FileNotFoundError(f"no run in {self.out} has finished: nothing to collect")
        by_folder = {self.trials(member)[-1].folder: metrics for member, metrics in measured.items()}
        chosen = choose_metric(by_folder, metric, DEFAULT_METRICS)
        curves: Curves = {}
        for member, metrics in measured.items():
            curves.setdefault(member.label, {})[member.ratio] = metrics[chosen]
        return Sweep(chosen, curves, missing)

    def _script(self, name: str, *positional: str) -> list[str]:
        return script(self.tools, name, *positional, processes=self.processes)


def _checked(ratios: Sequence[float]) -> list[float]:
    wrong = [ratio for ratio in ratios if not 0 < ratio < 1]
    if wrong:
        raise ValueError(f"mask ratio {wrong[0]:g} does not lie in (0, 1)")
    if len(set(ratios)) < 2:
        raise ValueError("a sweep compares mask ratios: give at least two")
    return sorted(set(ratios))


def options_of(member: Member) -> list[str]:
    """``key=value`` for the pre-training of a member."""
    return [*member.options, f"model.masking.ratio.ratio={member.ratio:g}"]


def _labels_of(configs: Sequence[str], options: Sequence[Sequence[str]]) -> dict[str, str]:
    """Pre-training configs by the last folder and name of their paths."""
    labels: dict[str, str] = {}
    for config, own in zip(configs, options, strict=True):
        cfg = load_config(config, own)
        check_masked(cfg)
        if not cfg.model.masking.get("ratio"):
            raise ValueError(f"config {config} has no model.masking.ratio to vary")
        label = "/".join(_last_parts(config))
        if label in labels:
            raise ValueError(f"configs {labels[label]} and {config} are both called {label}; give each model once")
        labels[label] = config
    return labels


def _check_masks(member: Member) -> None:
    """Refuse a ratio that a config's masks cannot have, before anything is trained."""
    cfg = load_config(member.config, options_of(member))
    init_default_scope(cfg.get("default_scope") or "mimseg")
    try:
        MODELS.build(cfg.model.masking)
    except ValueError as error:
        raise ValueError(f"config {member.config} at mask ratio {member.ratio:g}: {error}") from None


def _last_parts(config: str) -> tuple[str, ...]:
    """A config's folder and name."""
    return Path(as_one_file(config)).absolute().with_suffix("").parts[-2:]


def _is_test(config: str, options: Sequence[str]) -> bool:
    """Whether an evaluation only tests (k-NN), or trains a classifier first."""
    cfg = load_config(config, options)
    kind = MODELS.get(cfg.model.type) if cfg.get("model") else None
    if kind is not None and issubclass(kind, Classifier):
        return False
    if cfg.get("test_cfg") is None:
        raise ValueError(
            f"config {config} evaluates nothing; use one of configs/knn, configs/linear or configs/finetune"
        )
    return True
