"""The result tables of the papers, from files that hold them as data (``configs/_papers``)."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..run.config_files import each_file_once
from ..run.rows import TableRow, read_table, split_row

SCRATCH = "scratch"
"""In place of a row's config: the evaluation starts from random weights."""


@dataclass(frozen=True)
class Evaluation:
    """How a number is measured.

    Attributes:
        name: by which columns and rows refer to it.
        config: of the probe, fine-tuning, k-NN, detector or segmentor.
        metric: its name in ``metrics.json`` behind ``test/`` or ``val/end/``.
        data: the data set that it is trained and measured on.
        options: ``key=value`` overrides of the config.
        tta: whether with test-time augmentation.
    """

    name: str
    config: str
    metric: str
    data: str
    options: tuple[str, ...] = ()
    tta: bool = False


@dataclass(frozen=True)
class Column:
    """A column: of a metric, with an evaluation, or of anything else, with a unit."""

    heading: str
    evaluation: str | None = None
    metric: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes:
        label: what it is called.
        config: of the pre-training; ``"scratch"`` for none; None where no config reaches the row, see ``why``.
        printed: what the paper prints, by heading.
        also: further configs that the row may mean, in another reading.
        options: ``key=value`` overrides of the config.
        epochs: of pre-training, as the paper prints them.
        at: the epoch whose checkpoint is evaluated, where it is not the last.
        budget: share of the images that pre-training sees, where it is printed.
        time: of pre-training, where it is printed.
        data: of pre-training.
        evaluate: other evaluations than the columns', by their name; ``""`` stands for all.
        through: config between pre-training and evaluation, by evaluation; ``""`` stands for all.
        why: there is no config.
    """

    label: str
    config: str | None
    printed: Mapping[str, float]
    also: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    epochs: int | None = None
    at: int | None = None
    budget: float | None = None
    time: str | None = None
    data: str = "ImageNet-1K"
    evaluate: Mapping[str, str] | None = None
    through: Mapping[str, str] | None = None
    why: str | None = None


@dataclass(frozen=True)
class Table:
    """A table or figure of a paper."""

    paper: str
    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    evaluations: Mapping[str, Evaluation]

    @property
    def title(self) -> str:
        """For example ``HPM, table 1``."""
        return f"{self.paper}, table {self.name}"

    def evaluation(self, row: Row, column: Column) -> Evaluation | None:
        """How a cell is measured; None for a column that is no metric."""
        if column.evaluation is None:
            return None
        chosen = row.evaluate or {}
        evaluation = self.evaluations[chosen.get(column.evaluation, chosen.get("", column.evaluation))]
        return replace(evaluation, metric=column.metric or evaluation.metric)

    def chain(self, row: Row, column: Column) -> list[str]:
        """Configs of a cell, from the evaluation back to the pre-training; empty where there is none."""
        evaluation = self.evaluation(row, column)
        if evaluation is None or row.config is None:
            return []
        between = (row.through or {}).get(evaluation.name, (row.through or {}).get(""))
        return [evaluation.config, *([between] if between else []), *([] if row.config == SCRATCH else [row.config])]


def read_papers(folder: str | Path) -> dict[str, dict[str, Table]]:
    """The tables of every paper, by the paper's short name and the table's.

    Raises:
        ValueError: a file does not have the form that docs/papers.md describes.
    """
    papers: dict[str, dict[str, Table]] = {}
    for path in sorted(Path(folder).glob("*.yaml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            with each_file_once():
                papers[content["paper"]] = _tables(path, content)
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is not valid YAML ({' '.join(str(error).split())})") from None
        except KeyError as error:
            raise ValueError(f"{path} lacks the key {error}; see docs/papers.md") from None
    return papers


def pick_tables(papers: Mapping[str, Mapping[str, Table]], wanted: Sequence[str]) -> list[Table]:
    """Tables by ``PAPER`` or ``PAPER:TABLE``, in any case of letters; all of them where nothing is wanted.

    Raises:
        ValueError: no such paper or table; names those that there are.
    """
    if not wanted:
        return [table for tables in papers.values() for table in tables.values()]
    picked: list[Table] = []
    for name in wanted:
        paper, _, number = name.partition(":")
        tables = _named(papers, paper, f"{name}: no such paper; there are")
        picked += [_named(tables, number, f"{name}: no such table; {paper} has")] if number else tables.values()
    return [table for number, table in enumerate(picked) if table not in picked[:number]]


def _named(known: Mapping[str, Any], name: str, message: str) -> Any:
    found = {key.lower(): value for key, value in known.items()}.get(name.lower())
    if found is None:
        hint = "".join(f"; did you mean {close}?" for close in difflib.get_close_matches(name, known, 1))
        raise ValueError(f"{message} {', '.join(known)}{hint}")
    return found


def _tables(path: Path, content: Mapping[str, Any]) -> dict[str, Table]:
    where = path.name
    evaluations = {
        name: _made(Evaluation, f"{where}, evaluation {name}", name=name, **_configured(spec))
        for name, spec in content["evaluations"].items()
    }
    tables = {}
    for spec in content["tables"]:
        spec = dict(spec)
        name, caption, columns = str(spec.pop("table")), spec.pop("caption"), spec.pop("columns")
        place = f"{where}, table {name}"
        if name in tables:
            raise ValueError(f"{place} is there twice")
        made = tuple(_column(heading, column, evaluations, place) for heading, column in columns.items())
        rows = tuple(_row({**spec, **row}, made, evaluations, place, path.parents[1]) for row in spec.pop("rows"))
        tables[name] = Table(content["paper"], name, caption, made, rows, evaluations)
    return tables


def _column(heading: str, spec: Any, evaluations: Mapping[str, Evaluation], place: str) -> Column:
    column: Column = _made(Column, place, heading=heading, **({"evaluation": spec} if isinstance(spec, str) else spec))
    if (column.evaluation is None) == (column.unit is None):
        raise ValueError(f"{place}, column {heading}: give it an evaluation or a unit")
    _check_evaluation(column.evaluation, evaluations, f"{place}, column {heading}")
    return column


def _row(
    spec: dict[str, Any], columns: Sequence[Column], evaluations: Mapping[str, Evaluation], place: str, configs: Path
) -> Row:
    place = f"{place}, row {spec['label']}"
    printed = _printed(spec, [column.heading for column in columns], place, configs)
    for key in ("evaluate", "through"):
        if isinstance(spec.get(key), str):
            spec[key] = {"": spec[key]}
    if spec.get("through"):
        spec["through"] = {name: f"configs/{config}" for name, config in spec["through"].items()}
    for name in (spec.get("evaluate") or {}).values():
        _check_evaluation(name, evaluations, place)
    row: Row = _made(Row, place, printed=printed, **_configured(spec))
    if (row.config is None) != (row.why is not None):
        raise ValueError(f"{place}: a row without a config says why, and only such a row")
    return row


def _printed(spec: dict[str, Any], headings: Sequence[str], place: str, configs: Path) -> dict[str, float]:
    """Numbers of a row by heading: all of them as a list, or those of its config's table and perhaps others."""
    numbers = spec.pop("printed", {})
    if isinstance(numbers, Sequence):
        if len(numbers) != len(headings):
            raise ValueError(f"{place} has {len(numbers)} numbers for {len(headings)} columns")
        return {heading: number for heading, number in zip(headings, numbers, strict=True) if number is not None}
    file, name = split_row(configs / str(spec.get("config")))
    rows = {} if name is None else _rows(file)
    if name not in rows or spec.get("options"):
        raise ValueError(f"{place}: give all its numbers as a list; only what is just a row of a table has them there")
    known = rows[name].figures
    if twice := [heading for heading in numbers if heading in known or heading not in headings]:
        raise ValueError(f"{place}: {', '.join(twice)} is in {spec['config']} already, or no column")
    return {heading: number for heading, number in (known | numbers).items() if heading in headings}


@cache
def _rows(file: Path) -> dict[str, TableRow]:
    return read_table(file)


def _configured(spec: Mapping[str, Any]) -> dict[str, Any]:
    """With paths from the root of the project, and lists as tuples."""
    spec = {key: tuple(value) if isinstance(value, list) else value for key, value in spec.items()}
    if spec.get("config") not in (None, SCRATCH):
        spec["config"] = f"configs/{spec['config']}"
    return spec | ({"also": tuple(f"configs/{path}" for path in spec["also"])} if "also" in spec else {})


def _made(kind: Any, place: str, **entries: Any) -> Any:
    try:
        return kind(**entries)
    except TypeError as error:
        raise ValueError(f"{place}: {str(error).split('__init__() ')[-1]}") from None


def _check_evaluation(name: str | None, evaluations: Mapping[str, Evaluation], place: str) -> None:
    if name is not None and name not in evaluations:
        raise ValueError(f"{place}: there is no evaluation {name!r}; the file has {', '.join(evaluations)}")
