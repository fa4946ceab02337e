"""Speed and memory of training steps, side by side: ``python tools/benchmark.py CONFIG... --peer hf-vitmae``.

Models take turns, step by step, so that a slow moment of the machine hits all of them. A step is forward, backward,
optimizer and teachers on random images, or on photographs (--images), which adaptive mask ratios follow; what loading
costs is timed beside it where images are at hand. A model with adaptive mask ratios is compared with its twin, the same
model under random masks of the same mean ratio. Teachers whose file is not at hand take part with random weights.
"""

import argparse
import json
import shlex
import sys

from mimseg.arguments import output_file, pixels
from mimseg.command import image_size_of, run_command

DEFAULT_CONFIGS = ["configs/mae/vitb_200e.py", "configs/hpm/vitb_200e.py"]
PEERS = ("mmpretrain-mae", "hf-vitmae", "mmpretrain-simmim", "mmpretrain-maskfeat")


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configs", nargs="*", default=DEFAULT_CONFIGS, help="configs to compare (default: MAE and HPM)")
    parser.add_argument(
        "--peer",
        nargs="*",
        choices=PEERS,
        default=["mmpretrain-mae"],
        help="other libraries' models (default: mmpretrain-mae; --peer alone for none)",
    )
    parser.add_argument("--precision", nargs="+", choices=("fp32", "bf16"), default=["fp32"], help="one or both")
    parser.add_argument(
        "--image-size",
        nargs="+",
        type=pixels,
        metavar="PIXELS",
        help="one number, or height and width, for all models (default: each config's own)",
    )
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=7, help="timed steps of each model")
    parser.add_argument("--data", metavar="DIR", help="time loading on the images under this folder")
    parser.add_argument("--images", metavar="DIR", help="step on images under this folder (default: random numbers)")
    parser.add_argument("--json", type=output_file, metavar="FILE", help="also write the results to this file")
    parser.add_argument(
        "--markdown", type=output_file, metavar="FILE", help="also write them as a page, e.g. docs/benchmarks.md"
    )
    args = parser.parse_args()
    args.image_size = image_size_of(parser, args)
    return args


def benchmark(args: argparse.Namespace) -> None:
    """Measure, print tables, write files."""
    import torch  # heavy: after --help
    from mmengine.registry import init_default_scope

    from mimseg.benchmark import Settings, as_markdown, as_tables, describe_machine, measure
    from mimseg.checkpoints import write_atomically

    init_default_scope("mimseg")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = Settings(
        args.configs, args.peer, args.precision, args.image_size, args.batch_size, args.steps, args.data, args.images
    )
    report = measure(settings, device, lambda line: print(line, file=sys.stderr, flush=True))
    setting = {"image_size": args.image_size, "batch_size": args.batch_size, "steps": args.steps, "images": args.images}
    command = shlex.join(["python", "tools/benchmark.py", *sys.argv[1:]])
    report = {"setting": {**describe_machine(device), **setting, "command": command}, **report}
    for table in as_tables(report):
        table.show()
    if args.json is not None:
        write_atomically(args.json, (json.dumps(report, indent=2) + "\n").encode())
    if args.markdown is not None:
        old = args.markdown.read_text(encoding="utf-8") if args.markdown.is_file() else ""
        write_atomically(args.markdown, as_markdown(report, old).encode())


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: benchmark(args))


if __name__ == "__main__":
    sys.exit(main())
