"""The papers' tables as data, against each other, the configs and what the configs' headers say."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pytest
import yaml
from config_tree import NAMES, ROOT, expanded, header
from config_tree import TABLES as ROWS

from mimseg.apis import load_config
from mimseg.apis.run.rows import split_row
from mimseg.apis.studies.paper_tables import SCRATCH, Column, Row, Table, pick_tables, read_papers

PAPERS = read_papers(ROOT / "configs" / "_papers")
TABLES = pick_tables(PAPERS, [])
SMALL = re.compile(r"micro|configs/(cifar10|cifar100|stl10|demo)/")
CONFIGS = [name for name in NAMES if not SMALL.search(name)]
EVALUATIONS = {"finetune": "fine-tuned", "linear": "linear", "knn": "k-NN"}
TRANSFER = ("coco", "ade20k")
MAIN_METRICS = ("accuracy/top1", "knn/best", "box/AP", "mask/AP", "mIoU")
ROUNDED = 0.0501  # 82.95 and 82.9 are the same figure


class Cell(NamedTuple):
    table: Table
    row: Row
    column: Column
    number: float

    @property
    def kind(self) -> str:
        """Folder of the config that measures it; empty for what is no metric."""
        evaluation = self.table.evaluation(self.row, self.column)
        return evaluation.config.split("/")[1] if evaluation else ""

    @property
    def metric(self) -> str:
        evaluation = self.table.evaluation(self.row, self.column)
        return evaluation.metric if evaluation else ""


def cells() -> Iterator[Cell]:
    for table in TABLES:
        for row in table.rows:
            for column in table.columns:
                if column.heading in row.printed:
                    yield Cell(table, row, column, row.printed[column.heading])


CELLS = list(cells())


def names(cell: Cell) -> set[str]:
    """Configs that a cell names."""
    evaluation = cell.table.evaluation(cell.row, cell.column)
    own = {cell.row.config, *cell.row.also, *cell.table.chain(cell.row, cell.column)}
    return own | ({evaluation.config} if evaluation else set())


def by_config() -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in CELLS:
        for name in names(cell) - {None}:
            found.setdefault(name, []).append(cell)
    return found


OWN = by_config()


def figures_of_row(config: str) -> str:
    """The figures that a table has for a row, as a header says them."""
    return "".join(f", {number} {heading}" for heading, number in figures_of(config).items())


def figures_of(config: str) -> dict[str, float]:
    """The figures that a table has for a row."""
    file, row = split_row(config)
    return {} if row is None else ROWS[str(file)][row].figures


@cache
def figure_of(config: str) -> str:
    """What a header says behind ``Figure:``, without overrides and paths."""
    text = " ".join(header(config).split("Figure:")[1].split("Hardware:")[0].split())
    return re.sub(r"\S+=\S+|\S+\.py\S*", "", text) + figures_of_row(config)


def figures(text: str) -> list[float]:
    """Its numbers in per cent: those with a fraction, from 10 on."""
    return [float(number) for number in re.findall(r"(?<![\w.])\d\d\.\d+", text)]


def near(number: float, others) -> bool:
    return any(abs(number - other) <= ROUNDED for other in others)


def test_every_table_of_the_papers_is_there():
    """Result tables by the numbers that the papers give them; FastMIM's 11 to 14 and HPM's S1 to S3 are settings."""
    numbered = {name: set(filter(lambda table: table[0] != "F", tables)) for name, tables in PAPERS.items()}
    assert numbered["HPM"] == {*"1234567", "S4", "B", "D", "cost"}
    assert numbered["PASS"] == set("12345")
    assert numbered["SBAM"] == set("123")
    assert numbered["FastMIM"] == {"1a", "1b", "1c", *"23456789", "10a", "10b", "15", "16", "memory"}
    assert numbered["GPA"] == {*"123456789", "10"}


def test_the_tables_have_as_many_numbers_as_the_papers():
    """Counted in the papers' text: rows x columns, less the cells that are empty there."""
    count = {table.title: sum(len(row.printed) for row in table.rows) for table in TABLES}
    expected = {
        "HPM": {"1": 36, "2": 10, "3": 4, "4": 9, "5": 18, "6": 19, "7": 11, "S4": 32},
        "PASS": {"1": 36, "2": 24, "3": 12, "4": 10, "5": 8},
        "SBAM": {"1": 10, "2": 3, "3": 3},
        "GPA": {"1": 3, "2": 9, "3": 10, "4": 10, "5": 6, "6": 10, "7": 4, "8": 6, "9": 12, "10": 8},
        "FastMIM": {"1a": 36, "1b": 18, "1c": 7, "2": 12, "6": 8, "7": 32, "8": 5, "9": 6, "10a": 6, "10b": 22},
    }
    for paper, tables in expected.items():
        for table, number in tables.items():
            assert count[f"{paper}, table {table}"] == number, (paper, table)
    assert count["FastMIM, table 15"] == 10
    assert count["FastMIM, table 16"] == 33  # 36, three of them N/A
    assert count["FastMIM, table 5"] == 2 * 2 + 13 * 6  # two rows with AP alone


def test_every_named_config_exists():
    rows = {name for table in TABLES for row in table.rows for name in (row.config, *row.also)}
    evaluations = {evaluation.config for table in TABLES for evaluation in table.evaluations.values()}
    named = {*OWN, *rows, *evaluations} - {None, SCRATCH}
    assert not [name for name in named if name not in NAMES]


def test_a_figure_of_a_row_stands_in_its_table_alone():
    """And every figure of a table file is one of the papers' tables."""
    texts = "".join(path.read_text() for path in (ROOT / "configs" / "_papers").glob("*.yaml"))
    for text in re.findall(r"^  - .*(?:\n    .*)*", texts, re.MULTILINE):
        row = yaml.safe_load(text)[0]
        if ":" in (row.get("config") or "") and isinstance(row.get("printed"), dict):
            assert not figures_of(f"configs/{row['config']}").keys() & row["printed"].keys(), row
    printed = {(cell.row.config, cell.number) for cell in CELLS if not cell.row.options}
    tables = [name for name in NAMES if ":" in name]
    assert not [name for name in tables for number in figures_of(name).values() if (name, number) not in printed]


def test_printed_epochs_are_those_of_the_configs():
    rows = [row for table in TABLES for row in table.rows if row.config not in (None, SCRATCH) and row.epochs]
    written = {
        (config, options): load_config(ROOT / config, options).schedule.epochs
        for config, options in {(row.config, row.options) for row in rows}
    }
    assert not [row for row in rows if (row.at or row.epochs) > written[row.config, row.options]]
    assert not [row for row in rows if row.at is None and row.epochs != written[row.config, row.options]]


def test_options_of_evaluations_name_settings_that_there_are():
    for table in TABLES:
        for evaluation in table.evaluations.values():
            written = expanded(ROOT / evaluation.config)
            for option in evaluation.options:
                key = option.split("=")[0]
                assert key.startswith("load_options") or written.get(key.split(".")[0]) is not None, option


@pytest.mark.parametrize("config", CONFIGS)
def test_no_figure_of_a_header_differs_from_the_tables(config):
    text = figure_of(config)
    own = {cell.table.title for cell in OWN.get(config, [])}
    said_of_others = text.startswith("none") and ":" not in config
    assert own or said_of_others or not figures(text), "a header has a figure, but no table names its config"
    known = [cell for cell in CELLS if said_of_others or cell.table.title in own]
    assert not [number for number in figures(text) if number not in [cell.number for cell in known]]
    transfer = config.split("/")[1] in TRANSFER
    for number, kind in () if transfer else re.findall(r"(\d\d\.\d+) (fine-tuned|linear|k-NN)", text):
        assert float(number) in [cell.number for cell in known if EVALUATIONS.get(cell.kind) == kind], (number, kind)
    for pair in re.findall(r"(\d\d\.\d+) / (\d\d\.\d+)", text) if config.split("/")[1] == "coco" else ():
        for number, metric in zip(pair, ("box/AP", "mask/AP"), strict=True):
            assert float(number) in [cell.number for cell in known if cell.metric == metric], (number, metric)
    for number in re.findall(r"(?<![\d.])(\d\.\d+)(?= of \w+'s time| times as fast)", text):
        told = [cell.row.time for cell in known if cell.row.time] + [f"{cell.number}x" for cell in known]
        assert f"{float(number)}x" in told, number


@pytest.mark.parametrize("config", CONFIGS)
def test_a_header_has_every_figure_of_its_rows(config):
    """A pre-training's on ImageNet, unless its evaluation says them; a detector's and segmentor's on their data.

    Left out are what probes and fine-tunings gather of many papers, and of FastMIM's transfers the compared methods.
    """
    folder, missing = config.split("/")[1], []
    for cell in OWN.get(config, []):
        evaluation = cell.table.evaluation(cell.row, cell.column)
        if evaluation is None or cell.row.config is None or cell.row.options or evaluation.options:
            continue
        if folder in TRANSFER:
            compared = cell.table.paper == "FastMIM" and not cell.row.label.startswith("FastMIM")
            counts = cell.metric in MAIN_METRICS and cell.table.name != "1b" and not compared
        else:
            counts = cell.row.config == config and cell.kind in EVALUATIONS and evaluation.data == "ImageNet-1K"
        said = [*figures(figure_of(config)), *(figures(figure_of(evaluation.config)) if folder not in TRANSFER else ())]
        if counts and cell.table.paper != "hosts" and not near(cell.number, said):
            missing.append((cell.table.title, cell.row.label, cell.number))
    assert not missing
