"""How large models are: ``python tools/analysis/count_parameters.py CONFIG...``."""

import argparse
import sys

from mimseg.command import run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Millions of parameters of the models of several configs, in all and by part. Nothing is loaded or "
        "computed, and the largest model takes seconds."
    )
    parser.add_argument("configs", nargs="+", metavar="CONFIG")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override entries in all")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    return parser.parse_args()


def count(args: argparse.Namespace) -> None:
    """Count and print."""
    from mimseg.apis import count_parameters, load_config  # heavy: after --help

    rows = []
    for config in args.configs:
        parts = count_parameters(load_config(config, args.cfg_options))
        by_part = ", ".join(f"{name} {number / 1e6:.2f}" for name, number in parts.items())
        rows.append((config, f"{sum(parts.values()) / 1e6:.2f}", by_part))
    show(rows, args.markdown)


def show(rows: list[tuple[str, str, str]], markdown: bool) -> None:
    """Print the table."""
    header = ("config", "M parameters", "by part")
    if markdown:
        for line in (header, ("---", "--:", "---"), *rows):
            print(f"| {' | '.join(line)} |")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*header)
    for row in rows:
        table.add_row(*row)
    width = sum(max(len(row[column]) for row in (header, *rows)) + 3 for column in range(3)) + 1
    (Console() if sys.stdout.isatty() else Console(width=width)).print(table)


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: count(args), "interrupted")


if __name__ == "__main__":
    sys.exit(main())
