"""Several runs beside each other: those that differ by seed only are one experiment."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from mimseg.evaluation.run_record import RunRecord

NAMED_DIFFERENCES = 3


@dataclass(frozen=True)
class Experiment:
    """Runs with equal settings.

    Attributes:
        label: the config, and what tells it from other experiments of that config.
        runs: the runs, by seed.
    """

    label: str
    runs: tuple[RunRecord, ...]

    def values(self, metric: str) -> list[float]:
        """The metric of every run that has it."""
        return [run.metrics[metric] for run in self.runs if metric in run.metrics]

    def summary(self, metric: str) -> str:
        """``mean ± standard deviation (n)``, of a sample, to four digits; without the deviation where n is 1."""
        values = self.values(metric)
        if not values:
            return "-"
        mean = statistics.fmean(values)
        digits = max(0, 3 - math.floor(math.log10(abs(mean)))) if mean and math.isfinite(mean) else 2
        spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
        return f"{mean:.{digits}f}{spread} ({len(values)})"


def group_runs(runs: Sequence[RunRecord], by_config: bool = False) -> list[Experiment]:
    """Experiments in the order of their first runs: equal settings, or ``by_config`` one config file, make one.

    Raises:
        ValueError: there is no run.
    """
    if not runs:
        raise ValueError("no run to compare; give work dirs that hold a metrics.json")
    groups: dict[Any, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(run.label if by_config else frozenset(run.settings.items()), []).append(run)
    members = list(groups.values())
    return [
        Experiment(_label(group, members), tuple(sorted(group, key=lambda run: (len(run.seed), run.seed))))
        for group in members
    ]


def pick_metrics(runs: Sequence[RunRecord], patterns: Sequence[str] = ()) -> list[str]:
    """Names of metrics in the order of the runs' files: those that match a pattern, or else the final ones.

    Patterns are those of shells, e.g. ``knn/*/top1_k20``. Final are the fractional numbers under ``test`` and
    ``end``; where there are none, all.

    Raises:
        ValueError: a pattern matches nothing, or there is no metric at all.
    """
    known = list(dict.fromkeys(name for run in runs for name in run.metrics))
    if not known:
        raise ValueError("the runs have no metric: their metrics.json hold no number")
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            close = get_close_matches(pattern, known, 1, 0.0)[0]
            raise ValueError(f"--metric {pattern}: no run has it; did you mean {close}?")
    if patterns:
        return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
    fractional = {name for run in runs for name, value in run.metrics.items() if isinstance(value, float)}
    final = [name for name in known if name in fractional and (name.startswith("test/") or "/end/" in name)]
    return final or known


def remarks(experiments: Sequence[Experiment], metrics: Sequence[str]) -> list[str]:
    """What a reader of the table must know: runs without a metric, and seeds that count twice; one line each."""
    lines = []
    for experiment in experiments:
        twice = [seed for seed, count in Counter(run.seed for run in experiment.runs).items() if seed and count > 1]
        if twice:
            lines.append(f"{experiment.label}: several runs with seed {', '.join(twice)}; they are no independent runs")
        for metric in metrics:
            without = [str(run.folder) for run in experiment.runs if metric not in run.metrics]
            if without and len(without) < len(experiment.runs):
                lines.append(f"{experiment.label}: {metric} is missing in {', '.join(without)}")
    return lines


def as_json(experiments: Sequence[Experiment], metrics: Sequence[str]) -> list[dict[str, Any]]:
    """The table as data: per experiment its runs and, per metric, mean, std (None for one run), n and values."""
    return [
        {
            "label": experiment.label,
            "runs": [{"folder": str(run.folder), "seed": run.seed} for run in experiment.runs],
            "metrics": {metric: _statistics(values) for metric in metrics if (values := experiment.values(metric))},
        }
        for experiment in experiments
    ]


def _statistics(values: list[float]) -> dict[str, Any]:
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "std": spread, "n": len(values), "values": values}


def _label(group: list[RunRecord], groups: list[list[RunRecord]]) -> str:
    """The runs' label; with the settings that differ where other experiments are labelled alike."""
    run = group[0]
    alike = [other[0].settings for other in groups if other[0].label == run.label]
    names = list(dict.fromkeys(name for settings in alike for name in settings))
    differing = [name for name in names if len({settings.get(name) for settings in alike}) > 1]
    shown = [f"{name}={run.settings.get(name)}" for name in differing[:NAMED_DIFFERENCES]]
    if len(differing) > NAMED_DIFFERENCES:
        shown.append(f"and {len(differing) - NAMED_DIFFERENCES} more")
    return f"{run.label} [{', '.join(shown)}]" if shown else run.label
