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
    from mimseg.apis.studies.parameters import parameter_table

    table = parameter_table({path: count_parameters(load_config(path, args.cfg_options)) for path in args.configs})
    if args.markdown:
        print(table.markdown(), end="")
    else:
        table.show()


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: count(args), "interrupted")


if __name__ == "__main__":
    sys.exit(main())
