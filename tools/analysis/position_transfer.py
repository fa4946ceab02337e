"""Fixed positions on larger images, computed anew or resized: ``python tools/analysis/position_transfer.py``."""

import argparse
import json
import sys
from dataclasses import asdict

from mimseg.arguments import count, output_file, pixels, seed
from mimseg.command import run_command


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Train a small FastMIM (ViT of 4 blocks, patches of 4 px, HOG) on drawn scenes that grow in "
        "stages, with fixed positions that are computed for each grid and with those of the first stage, resized. "
        "Prints the loss of masked patches and k-NN of held-out scenes, mean and standard deviation of the seeds. CPU "
        "only."
    )
    parser.add_argument(
        "--stages", type=pixels, nargs="+", default=[32, 40, 48], metavar="PIXELS", help="default: 32 40 48"
    )
    parser.add_argument(
        "--steps", type=count, nargs="+", default=[400, 100, 100], help="of each stage (default: 400 100 100)"
    )
    parser.add_argument("--beyond", type=pixels, default=56, metavar="PIXELS", help="looked at besides (default: 56)")
    parser.add_argument("--width", type=count, default=64, help="of the ViT, a multiple of 32 (default: 64)")
    parser.add_argument("--scenes", type=count, default=2000, help="to train on (default: 2000)")
    parser.add_argument("--held-out", type=count, default=300, metavar="SCENES", help="to look at (default: 300)")
    parser.add_argument("--seeds", type=seed, nargs="+", default=[0, 1], help="default: 0 1")
    parser.add_argument("--out", type=output_file, metavar="FILE", help="a .json for all numbers")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> None:
    """Train, print and write."""
    from mmengine.registry import DefaultScope

    from mimseg.apis.studies.position_transfer import (  # heavy: after --help
        GrowingTraining,
        position_transfer,
        transfer_tables,
    )

    sizes = (tuple(args.stages), tuple(args.steps), args.beyond, args.width, args.scenes, args.held_out)
    training = GrowingTraining(*sizes)
    with DefaultScope.overwrite_default_scope("mimseg"):
        outcomes = position_transfer(training, args.seeds, lambda line: print(line, file=sys.stderr, flush=True))
    for table in transfer_tables(training, outcomes):
        print(f"\n{table.title}\n\n{table.markdown()}", end="")
    if args.out:
        seeds = {seed: asdict(outcome) for seed, outcome in zip(args.seeds, outcomes, strict=True)}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**asdict(training), "seeds": seeds}, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
