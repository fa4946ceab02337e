"""Write the embedded scenes as ImageFolder, COCO and ADE20K layouts.

Example: python tools/make_scenes.py data/scenes --train 5000 --val 500 --size 64
"""

import argparse
import sys
import time

from mimseg.arguments import output_folder, seed, whole
from mimseg.command import run_command
from mimseg.datasets.scenes import CLASSES, LAYOUTS, write_scenes


def parse_args() -> argparse.Namespace:
    """Command line; ``--size`` becomes ``(H, W)``."""
    parser = argparse.ArgumentParser(description="Write the embedded scenes to disk; does nothing where they are.")
    parser.add_argument("out", type=output_folder, help="folder for the layouts")
    parser.add_argument("--train", type=whole(0), default=5000, help="number of training scenes (default: 5000)")
    parser.add_argument("--val", type=whole(0), default=500, help="number of validation scenes (default: 500)")
    parser.add_argument(
        "--size", type=whole(8, 4096), nargs="+", default=[64], metavar="PIXELS", help="side, or height and width"
    )
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--layouts", nargs="+", choices=list(LAYOUTS), default=list(LAYOUTS))
    parser.add_argument("--overwrite", action="store_true", help="replace scenes that have other parameters")
    args = parser.parse_args()
    if len(args.size) > 2:
        parser.error(f"--size takes one or two numbers, not {len(args.size)}")
    args.size = (args.size[0], args.size[-1])
    return args


def write(args: argparse.Namespace) -> None:
    """Write the scenes, and say what was done."""
    started = time.perf_counter()
    written = write_scenes(
        args.out,
        args.train,
        args.val,
        args.size,
        args.seed,
        tuple(args.layouts),
        overwrite=args.overwrite,
    )
    what = f"{args.train} training and {args.val} validation scenes of {len(CLASSES)} classes"
    if written:
        print(f"{args.out}: wrote {what} as {', '.join(args.layouts)} in {time.perf_counter() - started:.0f} s")
    else:
        print(f"{args.out}: {what} are there already, nothing to do")


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: write(args))


if __name__ == "__main__":
    sys.exit(main())
