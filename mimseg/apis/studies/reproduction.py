"""Runs of ours beside the rows of the papers' tables."""

import copy
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config

from ...checkpoints.run_file import as_one_file
from ...evaluation import name_of
from ..run.config import load_config
from ..run.expand import expand_schedule
from .comparison import group_runs
from .paper_tables import SCRATCH, Column, Evaluation, Row, Table
from .run_cost import Cost, cost_of, length_of
from .run_origin import Origin, data_name
from .run_record import RunRecord
from .stored_config import flat, hooks_of

ROOT = Path(__file__).parents[3]
NAMED_OVERRIDES = 3
# Settings whose change makes another row; data, checkpoints and what only costs time or memory are told otherwise.
COMPARED = re.compile(
    r"(model|optim_wrapper\.(optimizer|paramwise_cfg|clip_grad)|train_cfg|param_scheduler|load_options|test_cfg"
    r"|train_dataloader\.dataset|selection)\."
)
OVERLOOKED = re.compile(
    r".*\.(checkpoint|num_classes|data_root|compile|activation_checkpointing|val_interval|dataset\.type|max_unreadable"
    r"|fused|num_workers|persistent_workers|pin_memory|batch_size|multiple_of)$"
    r"|.*\.init_cfg\..*|test_cfg\.neighbours\.dataset\.data_root"
)


@dataclass(frozen=True)
class Line:
    """What runs of one kind gave for a row.

    Attributes:
        remark: how they differ from the row, e.g. ``on CIFAR-10``; empty where they do not.
        runs: by heading.
        values: by heading.
        costs: of their pre-trainings.
    """

    remark: str
    runs: Mapping[str, Sequence[RunRecord]]
    values: Mapping[str, Sequence[float]]
    costs: Sequence[Cost]

    def mean_cost(self) -> tuple[float | None, float | None, float | None]:
        """Epochs, budget and hours, each the mean over the pre-trainings that tell."""
        told = [[getattr(cost, name) for cost in self.costs] for name in ("epochs", "budget", "hours")]
        means = [statistics.fmean(known) if (known := [v for v in each if v is not None]) else None for each in told]
        return means[0], means[1], means[2]


def lines_of(table: Table, row: Row, runs: Sequence[RunRecord]) -> list[Line]:
    """The runs that belong to a row, those that are just it first.

    A run belongs to a row by its config and by those of the runs that its weights came from. Whatever else differs -
    data, the epoch of the checkpoint, overrides, whose weights - makes a line of its own, which says so.
    """
    found: dict[str, dict[str, list[RunRecord]]] = {}
    for column in table.columns:
        for run in runs:
            differences = match(run, table, row, column)
            if differences is not None:
                found.setdefault(", ".join(differences), {}).setdefault(column.heading, []).append(run)
    lines = [line for remark, by_heading in found.items() for line in _split(table, row, remark, by_heading)]
    return sorted(lines, key=lambda line: bool(line.remark))


def match(run: RunRecord, table: Table, row: Row, column: Column) -> list[str] | None:
    """How a run differs from a cell, in words; None where it does not belong to it."""
    evaluation = table.evaluation(row, column)
    if evaluation is None or metric_name(run, evaluation.metric) is None:
        return None
    chain = run.origin.chain
    configs = [origin.config for origin in chain]
    for config in (row.config, *row.also):
        expected = table.chain(replace(row, config=config), column)
        if (
            not expected
            or configs != list(map(as_one_file, expected))
            or (config == SCRATCH and chain[-1].checkpoint is not None)
        ):
            continue
        options = [evaluation.options, *([()] * (len(chain) - 2)), row.options][: len(chain)]
        overridden = [text for each in zip(chain, expected, options, strict=True) for text in _overridden(*each)]
        return [
            *([f"by {config}"] if config != row.config else []),
            *_other_data(run, evaluation, row),
            *_other_weights(run, evaluation, row),
            *overridden,
        ]
    return None


def metric_name(run: RunRecord, metric: str) -> str | None:
    """The metric of a run's test, or else of its last validation."""
    return next((name for name in (f"test/{metric}", f"val/end/{metric}") if name in run.metrics), None)


def _split(table: Table, row: Row, remark: str, by_heading: Mapping[str, Sequence[RunRecord]]) -> Iterator[Line]:
    """One line, or one for each kind of run where they differ in what no row tells, such as the batch."""
    parts: dict[str, dict[str, Sequence[RunRecord]]] = {}
    for heading, runs in by_heading.items():
        for experiment in group_runs(runs):
            suffix = experiment.label[len(experiment.runs[0].label) :].strip()
            parts.setdefault(" ".join(filter(None, (remark, suffix))), {})[heading] = experiment.runs
    columns = {column.heading: column for column in table.columns}
    for told, groups in parts.items():
        values = {}
        for heading, runs in groups.items():
            evaluation = table.evaluation(row, columns[heading])
            names = [metric_name(run, evaluation.metric if evaluation else "") or "" for run in runs]
            values[heading] = [run.metrics[name] for run, name in zip(runs, names, strict=True)]
        origins = {run.origin.chain[-1].folder: run.origin.chain[-1] for runs in groups.values() for run in runs}
        costs = [] if row.config == SCRATCH else [cost_of(origin) for origin in origins.values()]
        yield Line(told, groups, values, costs)


def _other_data(run: RunRecord, evaluation: Evaluation, row: Row) -> Iterator[str]:
    chain = run.origin.chain
    measured = run.data_of(metric_name(run, evaluation.metric) or "") or "unknown data"
    if measured != evaluation.data:
        yield f"on {measured}"
    start = chain[0].start
    neighbours = ((start.config.get("test_cfg") or {}).get("neighbours") or {}).get("dataset") if start else None
    taught = name_of(neighbours) if neighbours else data_name(start, "train")
    if taught not in (None, measured, evaluation.data):
        yield f"trained on {taught}"
    before = data_name(chain[-1].start, "train")
    if row.config != SCRATCH and before != row.data:
        yield f"pre-trained on {before or 'unknown data'}"


def _other_weights(run: RunRecord, evaluation: Evaluation, row: Row) -> Iterator[str]:
    if "weights" in run.details:
        yield f"{run.details['weights']} weights"
    if ("tta" in run.details) != evaluation.tta:
        yield f"{'without' if evaluation.tta else 'with'} test-time augmentation"
    chain = run.origin.chain
    if len(chain) < 2:
        return
    epoch = re.search(r"epoch_(\d+)\.pth$", chain[-2].checkpoint or "")
    expected = row.at or length_of(chain[-1])
    ends_early = chain[-1].settings.get("selection.stop") == repr("budget")
    if epoch and expected and int(epoch[1]) != expected and not ends_early:
        yield f"from epoch {epoch[1]} of {length_of(chain[-1])}"


def _overridden(origin: Origin, config: str, options: Sequence[str]) -> Iterator[str]:
    """Settings of a run that are not those of its config as it is now."""
    expected = _settings_as_written(config, tuple(options))
    own = _compared(Config(copy.deepcopy(origin.start.config))) if origin.start else {}
    names = [name for name in dict.fromkeys((*expected, *own)) if expected.get(name) != own.get(name)]
    yield from (f"{name}={own.get(name)}" for name in names[:NAMED_OVERRIDES])
    if len(names) > NAMED_OVERRIDES:
        yield f"and {len(names) - NAMED_OVERRIDES} more"


@lru_cache(maxsize=512)
def _settings_as_written(config: str, options: tuple[str, ...]) -> dict[str, str]:
    return _compared(load_config(ROOT / config, options))


def _compared(cfg: Config) -> dict[str, str]:
    expand_schedule(cfg)
    settings = dict(flat(cfg.to_dict()))
    for _, hook in hooks_of(cfg):
        if str(hook.get("type", "")).endswith("SelectionHook"):
            settings |= {f"selection.{name}": value for name, value in flat(hook)}
    return {name: value for name, value in settings.items() if COMPARED.match(name) and not OVERLOOKED.match(name)}
