"""Fixed positions on larger images, computed anew or resized: ``python tools/analysis/position_transfer.py``."""

import argparse
import json
import sys
from dataclasses import asdict
from statistics import mean, stdev
from typing import Any

from mimseg.arguments import count, output_file, pixels, seed
from mimseg.command import run_command

NAMES = {"sincos_per_grid": "computed for each grid", "sincos": "resized from the first stage's"}


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

    from mimseg.apis.studies.position_transfer import GrowingTraining, position_transfer  # heavy: after --help

    training = GrowingTraining(
        tuple(args.stages), tuple(args.steps), args.beyond, args.width, args.scenes, args.held_out
    )
    with DefaultScope.overwrite_default_scope("mimseg"):
        outcomes = position_transfer(training, args.seeds, lambda line: print(line, file=sys.stderr, flush=True))
    show("after the first stage: loss of masked patches, k-NN top-1", training, [o.first for o in outcomes])
    if len(training.stages) > 1:
        show_stages(training, [o.stages for o in outcomes])
        show("after the last stage: loss of masked patches, k-NN top-1", training, [o.last for o in outcomes])
    if args.out:
        seeds = {seed: asdict(outcome) for seed, outcome in zip(args.seeds, outcomes, strict=True)}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**asdict(training), "seeds": seeds}, indent=2) + "\n", encoding="utf-8")


def show(title: str, training: Any, found: list[dict[str, dict[int, tuple[float, float]]]]) -> None:
    """Print losses and k-NN by size of the images, as Markdown."""
    rows = []
    for kind, name in NAMES.items():
        for index, (what, digits) in enumerate((("loss", 4), ("k-NN", 1))):
            sides = (*training.stages, training.beyond)
            cells = [spread([one[kind][side][index] for one in found], digits) for side in sides]
            rows.append([name, what, *cells])
    table(title, ["positions", "", *(f"{side} px" for side in (*training.stages, training.beyond))], rows)


def show_stages(training: Any, found: list[dict[str, dict[int, tuple[float, float]]]]) -> None:
    """Print the losses at the size of each stage after its first and last step."""
    header, rows = ["positions"], []
    for index in range(1, len(training.stages)):
        header += [f"{training.stages[index]} px, step {steps}" for steps in (1, training.steps[index])]
    for kind, name in NAMES.items():
        cells = [
            spread([one[kind][index][i] for one in found], 4)
            for index in range(1, len(training.stages))
            for i in (0, 1)
        ]
        rows.append([name, *cells])
    table("trained on: loss of masked patches at the size of the stage", header, rows)


def spread(values: list[float], digits: int) -> str:
    """Mean, and standard deviation where there are several values."""
    deviation = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{deviation}"


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table under a title."""
    lines = [header, ["---"] + ["--:"] * (len(header) - 1), *rows]
    print(f"\n{title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
