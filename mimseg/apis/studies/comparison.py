"""Several runs beside each other: those that differ by seed only are one experiment.

Runs on other data, of another length or budget, or from the weights of other pre-trainings never are seeds of each
other, also where the config file alone is asked for.
"""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from .run_record import RunRecord

NAMED_DIFFERENCES = 3


@dataclass(frozen=True)
class Experiment:
    """Runs with equal settings.

    Attributes:
        label: the config, and what tells it from other experiments of that config.
        runs: the runs, by seed.
        apart: what keeps it from other experiments of that config and never is a matter of seeds, e.g. ``tested on``.
    """

    label: str
    runs: tuple[RunRecord, ...]
    apart: tuple[str, ...] = ()

    def values(self, metric: str, data: str | None = None) -> list[float]:
        """The metric of every run that has it; with ``data``, of those that were measured on it."""
        runs = [run for run in self.runs if metric in run.metrics]
        return [run.metrics[metric] for run in runs if data is None or run.data_of(metric) == data]

    def data_of(self, metric: str) -> str | None:
        """The name of the data that the metric was measured on; None where it is not known."""
        return next((name for run in self.runs if metric in run.metrics and (name := run.data_of(metric))), None)

    def summary(self, metric: str, data: str | None = None) -> str:
        """``mean ± standard deviation (n)``, as :func:`summarise`; with ``data``, of what was measured on it."""
        return summarise(self.values(metric, data))


def summarise(values: Sequence[float]) -> str:
    """``mean ± standard deviation (n)``, of a sample, to four digits; without the deviation where n is 1."""
    if not values:
        return "-"
    mean = statistics.fmean(values)
    digits = max(0, 3 - math.floor(math.log10(abs(mean)))) if mean and math.isfinite(mean) else 2
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{spread} ({len(values)})"


def group_runs(runs: Sequence[RunRecord], by_config: bool = False, left_out: Sequence[str] = ()) -> list[Experiment]:
    """Experiments in the order of their first runs: equal settings, or ``by_config`` one config file, make one.

    One config file, whatever was overridden, makes one where data, length, budget and sources are the same.
    ``left_out`` says why others are not among the runs, for the message where there are none.

    Raises:
        ValueError: there is no run; tells why.
    """
    if not runs:
        reasons = "; ".join(left_out)
        raise ValueError(f"no run to compare; give work dirs that hold a metrics.json{f' ({reasons})' * bool(reasons)}")
    groups: dict[Any, list[RunRecord]] = {}
    for run in runs:
        own = run.identity if by_config else run.settings
        groups.setdefault((run.label, frozenset(own.items())), []).append(run)
    return [_experiment(group, list(groups.values()), by_config) for group in groups.values()]


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


def metric_rows(experiments: Sequence[Experiment], metrics: Sequence[str]) -> list[tuple[str, str | None]]:
    """One row for each metric and the data that it was measured on: metric, and name of the data where it is known."""
    rows = []
    for metric in metrics:
        measured = [experiment for experiment in experiments if experiment.values(metric)]
        rows += [(metric, data) for data in dict.fromkeys(experiment.data_of(metric) for experiment in measured)]
    return rows


def remarks(experiments: Sequence[Experiment], metrics: Sequence[str]) -> list[str]:
    """What a reader of the table must know, one line each.

    That is: runs of one config that are no seeds of each other, runs without a metric, and seeds that count twice.
    """
    lines = []
    for label in dict.fromkeys(experiment.runs[0].label for experiment in experiments if experiment.apart):
        names = [name for other in experiments if other.runs[0].label == label for name in other.apart]
        lines.append(f"{label}: not averaged over runs that differ in {', '.join(dict.fromkeys(names))}")
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
    """The table as data: per experiment its runs and, per metric, mean, std (None for one run), n, values and data."""
    return [
        {
            "label": experiment.label,
            "runs": [{"folder": str(run.folder), "seed": run.seed} for run in experiment.runs],
            "metrics": {metric: _measured(experiment, metric) for metric in metrics if experiment.values(metric)},
        }
        for experiment in experiments
    ]


def _measured(experiment: Experiment, metric: str) -> dict[str, Any]:
    data = experiment.data_of(metric)
    return statistics_of(experiment.values(metric)) | ({"data": data} if data else {})


def statistics_of(values: list[float]) -> dict[str, Any]:
    """Mean, standard deviation (None for one value), n and values."""
    spread = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "std": spread, "n": len(values), "values": values}


def _experiment(group: list[RunRecord], groups: list[list[RunRecord]], by_config: bool) -> Experiment:
    """A group of runs, labelled so that it is told from other groups of its config."""
    run, alike = group[0], [other[0] for other in groups if other[0].label == group[0].label]
    apart = _differing([other.identity for other in alike])
    names = [*apart]
    if not by_config:
        names += [name for name in _differing([other.settings for other in alike]) if name not in apart]
    shown = [f"{name}={run.settings.get(name)}" for name in names[:NAMED_DIFFERENCES]]
    if len(names) > NAMED_DIFFERENCES:
        shown.append(f"and {len(names) - NAMED_DIFFERENCES} more")
    label = f"{run.label} [{', '.join(shown)}]" if shown else run.label
    return Experiment(label, tuple(sorted(group, key=lambda run: (len(run.seed), run.seed))), tuple(apart))


def _differing(alike: Sequence[Mapping[str, str]]) -> list[str]:
    names = dict.fromkeys(name for settings in alike for name in settings)
    return [name for name in names if len({settings.get(name) for settings in alike}) > 1]
