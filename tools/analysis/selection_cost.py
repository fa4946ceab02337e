"""What training on chosen images costs: ``python tools/analysis/selection_cost.py CONFIG...``."""

import argparse
import json
import sys
from dataclasses import asdict

from mimseg.arguments import count, output_file, pixels
from mimseg.command import run_command

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
    if args.image_size and len(args.image_size) > 2:
        parser.error("--image-size takes one number, or height and width")
    return args


def measure(args: argparse.Namespace) -> None:
    """Measure, print the table, write the file."""
    import torch  # heavy: after --help
    from mmengine.registry import init_default_scope
    from rich.console import Console

    from mimseg.benchmark import SelectionCost, markdown_table, selection_costs, terminal_table
    from mimseg.checkpoints import write_atomically

    init_default_scope("mimseg")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    size = (args.image_size[0], args.image_size[-1]) if args.image_size else None
    costs = selection_costs(
        args.configs,
        device,
        lambda line: print(line, file=sys.stderr, flush=True),
        image_size=size,
        batch_size=args.batch_size,
        steps=args.steps,
        precision=args.precision,
    )

    def column(name: str) -> list[str]:
        return [f"{getattr(cost, name):.3f}" for cost in costs]

    def passes(cost: SelectionCost) -> str:
        return f"{cost.selection:.3f} ({cost.passes})"

    columns = {
        "config": [cost.config for cost in costs],
        "by": [cost.by for cost in costs],
        "training": column("training"),
        "predictor": column("predictor"),
        "selection (passes)": [passes(cost) for cost in costs],
        "together": column("total"),
    }
    if args.markdown:
        print("\n".join(markdown_table(columns)))
    else:
        console = Console() if sys.stdout.isatty() else Console(width=160)
        console.print(
            terminal_table(f"Cost of training on chosen images, {args.precision}; the host alone: 1", columns)
        )
    if args.json is not None:
        rows = [{**asdict(cost), "total": cost.total} for cost in costs]
        write_atomically(args.json, (json.dumps(rows, indent=2) + "\n").encode())


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args))


if __name__ == "__main__":
    sys.exit(main())
