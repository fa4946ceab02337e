"""One table over several runs: ``compare_runs.py RUN_DIR...``, or beside a paper's: ``--table TABLE.py [DIR...]``."""

import argparse
import glob
import json
import os
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from mimseg.arguments import output_file
from mimseg.command import run_command
from mimseg.tables import TextTable


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Compare the metrics of several runs. Those that differ by seed only, also by the seed of the "
        "run that their weights came from, are one column: mean ± standard deviation (number of runs). Runs on other "
        "data, of another length or budget, or from other pre-trainings never are; each data set has rows of its own."
    )
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN_DIR",
        help="work dirs with a metrics.json; globs are expanded. With --table, also folders of work dirs (default: "
        "work_dirs)",
    )
    parser.add_argument(
        "--table",
        metavar="TABLE",
        help="a config with rows: print the paper's figures and those of our runs, row by row; evaluations of a row's "
        "weights are its own",
    )
    parser.add_argument(
        "--metric",
        nargs="+",
        default=[],
        metavar="NAME",
        help="metrics to show, or patterns such as 'knn/*/top1_k20' (default: those of the end and of tests)",
    )
    parser.add_argument(
        "--by",
        choices=("settings", "config"),
        default="settings",
        help="what makes runs one column: equal settings (default), or the config file, whatever else was overridden",
    )
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="write the table as data, with every run's values, too"
    )
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    args = parser.parse_args()
    if args.table is None and not args.runs:
        parser.error("give RUN_DIR..., or --table TABLE")
    if args.table is not None and (args.by == "config" or args.json):
        parser.error("--by and --json go without --table")
    return args


def compare(args: argparse.Namespace) -> None:
    """Read the runs, group them, print the table and what to know of it."""
    from mimseg.apis.studies import as_json, group_runs, metric_rows, pick_metrics, read_run, remarks

    runs, broken = [], []
    for folder in folders_of(args.runs):
        try:
            runs.append(read_run(folder))
        except (FileNotFoundError, ValueError) as error:
            broken.append(str(error))
    for line in broken if runs else ():
        print(f"left out: {line}", file=sys.stderr)
    experiments = group_runs(runs, by_config=args.by == "config", left_out=broken)
    metrics = pick_metrics(runs, args.metric)
    rows = [
        [f"{metric} ({data})" if data else metric, *(experiment.summary(metric, data) for experiment in experiments)]
        for metric, data in metric_rows(experiments, metrics)
    ]
    keys = [column_key(number) for number in range(len(experiments))]
    for key, experiment in zip(keys, experiments, strict=True):
        seeds = ", ".join(run.seed for run in experiment.runs if run.seed)
        print(f"{'- ' * args.markdown}{key}: {experiment.label}{f'; seeds {seeds}' * bool(seeds)}")
    show(["metric", *keys], rows, args.markdown)
    for line in remarks(experiments, metrics):
        print(f"note: {line}", file=sys.stderr)
    if args.json is not None:
        Path(args.json).write_text(json.dumps(as_json(experiments, metrics), indent=2) + "\n", encoding="utf-8")


def compare_with_paper(args: argparse.Namespace) -> None:
    """Read the table and the runs, and print the paper's figures beside ours."""
    from mimseg.apis.studies import read_run, run_folders
    from mimseg.apis.studies.table_runs import columns_of, rows_of_runs

    try:
        folders = run_folders(list(folders_of(args.runs)) or ["work_dirs"])
    except FileNotFoundError:
        if args.runs:
            raise
        folders = []
    runs = []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except (FileNotFoundError, ValueError) as error:
            print(f"left out: {error}", file=sys.stderr)
    columns = columns_of(rows_of_runs(args.table, runs, args.metric))
    show(list(columns), [list(row) for row in zip(*columns.values(), strict=True)], args.markdown)


def folders_of(patterns: list[str]) -> Iterator[str]:
    """Folders by name or glob, each once; a name that matches nothing stays, to be reported."""
    seen = set()
    for pattern in patterns:
        found = sorted(path for path in glob.glob(pattern) if os.path.isdir(path)) if glob.has_magic(pattern) else []
        for folder in found or [pattern]:
            if os.path.abspath(folder) not in seen:
                seen.add(os.path.abspath(folder))
                yield folder


def column_key(number: int) -> str:
    """A, B, ..., Z, AA, AB, ...: short heads, so that the table fits a terminal."""
    letter = string.ascii_uppercase[number % 26]
    return letter if number < 26 else column_key(number // 26 - 1) + letter


def show(header: list[str], rows: list[list[str]], markdown: bool) -> None:
    """Print a table, for people or as Markdown."""
    table = TextTable(header, rows, "mean ± standard deviation (number of runs)")
    if markdown:
        print(f"\n{table.title}\n\n{table.markdown()}", end="")
    else:
        table.show()


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: compare(args) if args.table is None else compare_with_paper(args))


if __name__ == "__main__":
    sys.exit(main())
