"""The papers' tables, with configs and runs: ``python tools/analysis/paper_tables.py HPM:1 --runs DIR``."""

import argparse
import glob
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mimseg.arguments import output_file
from mimseg.command import run_command

if TYPE_CHECKING:
    from mimseg.apis.studies import RunRecord
    from mimseg.apis.studies.paper_tables import Evaluation, Row, Table
    from mimseg.apis.studies.reproduction import Line

PAPERS = Path(__file__).parents[2] / "configs" / "_papers"


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Print tables of the papers: the config of each row, what is printed and, with --runs, what runs "
        "gave: mean ± standard deviation over seeds (number of runs), share of the images, epochs and time. A run on "
        "other data, or with other settings than its row's, has a line of its own."
    )
    parser.add_argument("tables", nargs="*", metavar="PAPER[:TABLE]", help="e.g. HPM or PASS:1 (default: all)")
    parser.add_argument(
        "--runs", nargs="+", default=[], metavar="DIR", help="work dirs, or folders of work dirs; globs are expanded"
    )
    parser.add_argument("--markdown", type=output_file, metavar="FILE", help="write the tables as a page, too")
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="write the tables as data, with every run's values, too"
    )
    return parser.parse_args()


def show(args: argparse.Namespace) -> None:
    """Read tables and runs, put them together, print and write them."""
    # heavy: after --help
    from mimseg.apis.studies.paper_tables import pick_tables, read_papers
    from mimseg.apis.studies.reproduction import lines_of
    from mimseg.tables import TextTable

    tables = pick_tables(read_papers(PAPERS), args.tables)
    runs = read_runs(args.runs)
    page, data, placed = ["# Tables of the papers", ""], [], set()
    for table in tables:
        found = [(row, lines_of(table, row, runs)) for row in table.rows]
        columns, notes = cells_of(table, found), notes_of(table)
        drawn = TextTable.of_columns(columns, table.title, text=(0, 1))
        drawn.show()
        for note in notes:
            print(f"  {note}")
        page += [f"## {table.title}", "", drawn.markdown(), *(f"- {note}" for note in notes), ""]
        data.append(as_data(table, found))
        placed |= {run.folder for _, lines in found for line in lines for group in line.runs.values() for run in group}
    for run in runs:
        if run.folder not in placed:
            print(f"note: {run.folder} ({run.label}) belongs to no row of these tables", file=sys.stderr)
    if args.markdown is not None:
        Path(args.markdown).write_text("\n".join(page) + "\n", encoding="utf-8")
    if args.json is not None:
        Path(args.json).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def read_runs(patterns: Sequence[str]) -> "list[RunRecord]":
    """The runs in and below folders, each once; broken ones are left out with a line.

    Raises:
        FileNotFoundError: no such folder, or no run in it.
    """
    from mimseg.apis.studies import read_run, run_folders

    runs = []
    for folder in run_folders(path for pattern in patterns for path in sorted(glob.glob(pattern)) or [pattern]):
        try:
            runs.append(read_run(folder))
        except (FileNotFoundError, ValueError) as error:
            print(f"left out: {error}", file=sys.stderr)
    return runs


def cells_of(table: "Table", found: "Sequence[tuple[Row, Sequence[Line]]]") -> dict[str, list[str]]:
    """Cells by heading: a line for each row of the paper, and one for each further kind of run."""
    from mimseg.apis.studies import summarise

    lines: list[dict[str, str]] = []
    ours = any(line.values for _, of_row in found for line in of_row)
    for row, of_row in found:
        exact = [line for line in of_row if not line.remark]
        printed = {"row": row.label, "config": reached_by(table, row)}
        printed |= {heading: number(table, heading, value) for heading, value in row.printed.items()}
        lines.append(printed | extras(row) | (measured(exact[0], summarise) if exact else {}))
        for line in of_row:
            if line.remark:
                lines.append({"row": f"  {line.remark}", "config": ""} | measured(line, summarise))
    headings = ["row", "config"]
    for column in table.columns:
        headings += [column.heading, *([f"{column.heading}, ours"] if ours and column.evaluation else [])]
    for name in ("epochs", "budget", "time"):
        headings += [heading for heading in (name, f"{name}, ours") if any(heading in line for line in lines)]
    return {heading: [line.get(heading, "") for line in lines] for heading in headings}


def reached_by(table: "Table", row: "Row") -> str:
    """How to get a row: its configs and overrides in the order in which they are run, or why there is none."""
    from mimseg.apis.studies.paper_tables import SCRATCH

    near = [f"(near: {path})" for path in row.also] if row.config is None else [f"or {path}" for path in row.also]
    if row.config is None:
        return " ".join([f"none: {row.why}", *near])
    steps = ["random weights"] if row.config == SCRATCH else [" ".join([row.config, *row.options, *near])]
    if row.evaluate or row.through:
        ways = {}
        for column in table.columns:
            evaluation = table.evaluation(row, column)
            if evaluation is not None and column.heading in row.printed:
                between = [path for path in table.chain(row, column)[1:] if path != row.config]
                ways[" → ".join([*between, command_of(evaluation)])] = None
        steps.append("; ".join(ways))
    return " → ".join(steps)


def command_of(evaluation: "Evaluation") -> str:
    """The config of an evaluation and its overrides."""
    return " ".join([evaluation.config, *evaluation.options, *(["--tta"] if evaluation.tta else [])])


def extras(row: "Row") -> dict[str, str]:
    """What is printed of the pre-training."""
    told = {"epochs": row.epochs, "budget": None if row.budget is None else f"{row.budget:.0%}", "time": row.time}
    return {name: str(value) for name, value in told.items() if value is not None}


def measured(line: "Line", summarise: Any) -> dict[str, str]:
    """What runs gave, and took."""
    epochs, budget, hours = line.mean_cost()
    told = {
        "epochs, ours": None if epochs is None else f"{epochs:g}",
        "budget, ours": None if budget is None else f"{budget:.1%}",
        "time, ours": None if hours is None else f"{hours:.2f} h",
    }
    values = {f"{heading}, ours": summarise(values) for heading, values in line.values.items()}
    return values | {name: value for name, value in told.items() if value is not None}


def number(table: "Table", heading: str, value: float) -> str:
    """A printed number with the decimals of its column."""
    texts = [repr(row.printed[heading]) for row in table.rows if heading in row.printed]
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return f"{value:.{decimals}f}"


def notes_of(table: "Table") -> list[str]:
    """The caption, how columns are measured where a row does not say otherwise, and their units."""
    measured: dict[tuple[str, str], list[str]] = {}
    for column in table.columns:
        row = next((row for row in table.rows if not row.evaluate and row.config is not None), None)
        evaluation = table.evaluation(row, column) if row else None
        if evaluation is not None:
            name = f"{column.heading} ({evaluation.metric})"
            measured.setdefault((command_of(evaluation), evaluation.data), []).append(name)
    notes = [f"{', '.join(names)}: {command}, {data}" for (command, data), names in measured.items()]
    return [table.caption, *notes, *(f"{column.heading}: {column.unit}" for column in table.columns if column.unit)]


def as_data(table: "Table", found: "Sequence[tuple[Row, Sequence[Line]]]") -> dict[str, Any]:
    """A table as JSON holds it."""
    from mimseg.apis.studies import statistics_of

    rows = []
    for row, lines in found:
        ours = []
        for line in lines:
            epochs, budget, hours = line.mean_cost()
            ours.append(
                {
                    "remark": line.remark,
                    "metrics": {heading: statistics_of(list(values)) for heading, values in line.values.items()},
                    "runs": {heading: [str(run.folder) for run in group] for heading, group in line.runs.items()},
                    "epochs": epochs,
                    "budget": budget,
                    "hours": hours,
                }
            )
        keys = ("label", "config", "also", "options", "why", "epochs", "at", "budget", "time", "data")
        evaluated = {c.heading: e for c in table.columns if (e := table.evaluation(row, c)) is not None}
        measures = {heading: vars(evaluation) for heading, evaluation in evaluated.items()}
        rows.append(
            {key: getattr(row, key) for key in keys} | {"printed": dict(row.printed), "by": measures, "ours": ours}
        )
    return {"paper": table.paper, "table": table.name, "caption": table.caption, "rows": rows}


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: show(args))


if __name__ == "__main__":
    sys.exit(main())
