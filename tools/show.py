"""What a config is: ``python tools/show.py [CONFIG[:ROW]]``."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mimseg.command import run_command

if TYPE_CHECKING:
    from mimseg.apis.run.rows import TableRow

CONFIGS = Path(__file__).parents[1] / "configs"


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Print a config as a run gets it, one setting a line, with the file, row or option that each comes "
        "from; of a table its rows and the paper's figures; without a config, a list of all."
    )
    parser.add_argument(
        "config", nargs="?", metavar="CONFIG[:ROW]", help="config file, of a table with a row or without"
    )
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override config entries, as in train.py"
    )
    parser.add_argument("--search", default="", metavar="TEXT", help="only lines that hold this text, in any case")
    args = parser.parse_args()
    if args.cfg_options and args.config is None:
        parser.error("--cfg-options goes with a config")
    return args


def show(args: argparse.Namespace) -> None:
    """Print what the command line asks for."""
    from mimseg.apis.run.rows import find_config, read_table  # heavy: after --help

    if args.config is None:
        return show_all(args.search)
    file, row = find_config(args.config)
    rows = read_table(file) if row is None else {}
    return show_rows(file, rows, args.search) if rows else show_settings(args.config, args.cfg_options, args.search)


def show_settings(config: str, options: list[str], search: str) -> None:
    """Every setting, its value and its origin."""
    from mimseg.apis.run.origins import settings_of

    lines = [(setting.key, f"= {setting.value!r}", setting.origin) for setting in settings_of(config, options)]
    print_columns(["setting", "", "from"], lines, search)


def show_rows(file: Path, rows: "dict[str, TableRow]", search: str) -> None:
    """The rows of a table, the paper's figures and what each sets."""
    headings = list(dict.fromkeys(heading for row in rows.values() for heading in row.figures))
    lines = []
    for name, row in rows.items():
        figures = [str(row.figures.get(heading, "")) for heading in headings]
        lines.append((f"{file}:{name}", *figures, ", ".join(f"{key}={value!r}" for key, value in row.settings.items())))
    print_columns(["row", *headings, "settings"], lines, search)


def show_all(search: str) -> None:
    """All configs that can be run."""
    from mimseg.apis.run.catalogue import list_configs

    lines, rows = [], 0
    for entry in list_configs(CONFIGS):
        config = str(entry.config.relative_to(CONFIGS.parent))
        rows += entry.rows
        figure = f"{entry.rows} rows" if entry.rows else entry.figure
        lines.append((config, entry.method, entry.architecture, entry.length, figure))
    print_columns(["config", "method", "architecture", "length", "figure of the paper"], lines, search)
    print(f"{len(lines)} configs, {sum('rows' in line[-1] for line in lines)} of them tables with {rows} rows")


def print_columns(headings: list[str], lines: list[tuple[str, ...]], search: str) -> None:
    """Print lines in columns: fitted to a terminal, whole where the output goes elsewhere."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    found = [line for line in lines if search.lower() in " ".join(line).lower()]
    if not found:
        print(f"note: no line holds {search}", file=sys.stderr)
        return
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number == 0, overflow="fold")
    for line in found:
        table.add_row(*map(escape, line))
    console = Console() if sys.stdout.isatty() else Console(width=1000)
    console.print(table, highlight=False)


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: show(args))


if __name__ == "__main__":
    sys.exit(main())
