"""What training on chosen images costs: ``python tools/analysis/selection_cost.py CONFIG...``."""

import argparse
import json
import sys

from mimseg.arguments import count, output_file, pixels
from mimseg.command import image_size_of, run_command

DEFAULT_CONFIGS = [
    "configs/pass/mae-vitb_200e.py",
    "configs/pass/mae-vitb_200e_bss.py",
    "configs/pass/simmim-vitb_200e.py",
    "configs/pass/simmim-vitb_200e_bss.py",
]


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Count and time steps of a config's host, steps with its loss predictor, and scoring, in turns; "
        "add them up over its epochs. 1 is what the host takes for all epochs on all images, without loading."
    )
    parser.add_argument(
        "configs", nargs="*", default=DEFAULT_CONFIGS, help="configs with a SelectionHook (default: PASS and BSS)"
    )
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument(
        "--image-size",
        nargs="+",
        type=pixels,
        metavar="PIXELS",
        help="one number, or height and width (default: its own)",
    )
    parser.add_argument("--batch-size", type=count, default=8)
    parser.add_argument("--steps", type=count, default=5, help="timed rounds")
    parser.add_argument("--json", type=output_file, metavar="FILE", help="also write the shares to this file")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    args = parser.parse_args()
    args.image_size = image_size_of(parser, args)
    return args


def measure(args: argparse.Namespace) -> None:
    """Measure, print the table, write the file."""
    import torch  # heavy: after --help
    from mmengine.registry import init_default_scope

    from mimseg.benchmark import costs_as_json, selection_costs, selection_table
    from mimseg.checkpoints import write_atomically

    init_default_scope("mimseg")
    costs = selection_costs(
        args.configs,
        torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        lambda line: print(line, file=sys.stderr, flush=True),
        image_size=args.image_size,
        batch_size=args.batch_size,
        steps=args.steps,
        precision=args.precision,
    )
    table = selection_table(costs, args.precision)
    if args.markdown:
        print(table.markdown(), end="")
    else:
        table.show()
    if args.json is not None:
        write_atomically(args.json, (json.dumps(costs_as_json(costs), indent=2) + "\n").encode())


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args))


if __name__ == "__main__":
    sys.exit(main())
