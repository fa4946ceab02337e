"""Runs beside the rows of a table: the paper's figures and ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...checkpoints.run_file import same_config
from ..run.rows import read_table
from .comparison import Experiment, group_runs, pick_metrics
from .reproduction import metric_name
from .run_record import RunRecord

METRICS = {
    "finetune": {"fine-tuned": "accuracy/top1"},
    "linear": {"linear": "accuracy/top1"},
    "knn": {"k-NN": "knn/best"},
    "coco": {"box AP": "box/AP", "mask AP": "mask/AP"},
    "ade20k": {"mIoU": "mIoU"},
}
"""Headings of the papers' tables and their metrics, by the folder of the config that measures them."""


@dataclass(frozen=True)
class RowOfRuns:
    """A row of a table, and what its runs gave.

    Attributes:
        name: the row's.
        printed: the paper's figures by heading.
        ours: mean ± standard deviation (number of runs), by heading, or by metric of the run itself.
        source: how they were measured, and on which data; also what tells the runs from others of the row.
    """

    name: str
    printed: Mapping[str, float]
    ours: Mapping[str, str]
    source: str


def rows_of_runs(file: str | Path, runs: Sequence[RunRecord], patterns: Sequence[str] = ()) -> list[RowOfRuns]:
    """Put runs beside the rows of a table: those trained by a row, and the evaluations of their weights.

    Runs of one row that differ in more than the seed make lines of their own below it, without the paper's figures.

    Args:
        file: the table.
        runs: those that belong to no row are passed over.
        patterns: of metrics that a run measures itself, see :func:`~.comparison.pick_metrics`.

    Raises:
        FileNotFoundError: there is no such table.
        ValueError: it is no table, or a pattern matches nothing.
    """
    rows = read_table(file)
    if not rows:
        raise ValueError(f"--table {file}: this config has no rows; compare its runs by their folders")
    found: list[RowOfRuns] = []
    for name, row in rows.items():
        own = [run for run in runs if _is_of(run, f"{file}:{name}")]
        lines: list[tuple[dict[str, str], list[str]]] = [({}, [])]
        for experiment in group_runs(own) if own else ():
            values = _values(experiment, patterns)
            place = next((line for line in lines if not line[0].keys() & values.keys()), None)
            if place is None:
                lines.append(place := ({}, []))
            place[0].update(values)
            place[1].append(_source(experiment))
        for number, (ours, sources) in enumerate(lines):
            found.append(RowOfRuns(name, {} if number else row.figures, ours, "; ".join(sources)))
    return found


def columns_of(rows: Sequence[RowOfRuns]) -> dict[str, list[str]]:
    """The cells by heading: of each figure the paper's and ours beside each other."""
    printed = list(dict.fromkeys(heading for row in rows for heading in row.printed))
    ours = list(dict.fromkeys(heading for row in rows for heading in row.ours))
    columns = {"row": [row.name for row in rows]}
    for heading in [*printed, *(other for other in ours if other not in printed)]:
        if heading in printed:
            columns[f"{heading}, paper"] = [str(row.printed.get(heading, "")) for row in rows]
        if heading in ours or heading in printed:
            columns[f"{heading}, ours"] = [row.ours.get(heading, "") for row in rows]
    return columns | {"measured by": [row.source for row in rows]}


def _is_of(run: RunRecord, config: str) -> bool:
    trained = run.origin.chain[-1].config
    return bool(trained) and same_config(trained, config)


def _values(experiment: Experiment, patterns: Sequence[str]) -> dict[str, str]:
    """What an evaluation measured by heading, and a pre-training by metric."""
    first = experiment.runs[0]
    if len(first.origin.chain) == 1:
        return {name: experiment.summary(name) for name in pick_metrics(experiment.runs, patterns)}
    values = {}
    for heading, metric in METRICS.get(_folder(first), {}).items():
        name = metric_name(first, metric)
        if name is not None:
            values[heading] = experiment.summary(name)
    return values or {name: experiment.summary(name) for name in pick_metrics(experiment.runs)}


def _source(experiment: Experiment) -> str:
    """The config that measured, the data, and what tells the runs from others."""
    first = experiment.runs[0]
    told = experiment.label[len(first.label) :].strip()
    data = next((name for metric in first.metrics if (name := first.data_of(metric))), None)
    own = PurePosixPath(first.origin.config).with_suffix("").parts[-2:]
    return " ".join(filter(None, ["/".join(own), f"on {data}" if data else "", told]))


def _folder(run: RunRecord) -> str:
    return PurePosixPath(run.origin.config).parent.name
