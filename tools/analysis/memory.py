"""What training takes of a GPU's memory: ``python tools/analysis/memory.py CONFIG...``."""

import argparse
import json
import sys

from mimseg.arguments import count, number, output_file
from mimseg.command import run_command

NOTE = (
    "Counted from shapes, at the worst step of the schedule. Not counted, and to fit in the {margin:.0%} that are left "
    "free: CUDA's context, gaps of the allocator, workspaces inside of kernels (cuDNN, attention backward)."
)


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Count the memory that one process takes at the worst moment of a config's schedule: activations "
        "kept for the backward pass, temporaries, weights, gradients, optimizer, teachers. Needs no GPU, no data and "
        "no files; a model takes seconds."
    )
    parser.add_argument("configs", nargs="+", metavar="CONFIG", help="pre-training or classification")
    parser.add_argument("--batch-size", type=count, metavar="N", help="images a process (default: the config's)")
    parser.add_argument("--precision", choices=("bf16", "fp32", "fp16"), help="of the run (default: the config's)")
    parser.add_argument(
        "--gpu-memory",
        type=number(above=0),
        nargs="+",
        default=[32.0, 80.0],
        metavar="GB",
        help="GPUs for which to tell the largest batch that fits (default: 32 80)",
    )
    parser.add_argument(
        "--processes", type=count, default=8, help="several keep a second copy of the gradients (default: 8)"
    )
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override entries in all")
    parser.add_argument(
        "--json", type=output_file, metavar="FILE", help="also write all kinds of steps to this file, in bytes"
    )
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    return parser.parse_args()


def measure(args: argparse.Namespace) -> None:
    """Count, print the table, write the file."""
    from mimseg.apis import load_config  # heavy: after --help
    from mimseg.benchmark import MARGIN, count_memory, memory_as_json, memory_table
    from mimseg.checkpoints import write_atomically

    counts = {
        path: count_memory(path, load_config(path, args.cfg_options), args.batch_size, args.precision, args.processes)
        for path in args.configs
    }
    table = memory_table(counts, args.gpu_memory)
    if args.markdown:
        print(table.markdown(), end="")
    else:
        table.show()
        print(NOTE.format(margin=MARGIN))
    if args.json is not None:
        write_atomically(args.json, (json.dumps(memory_as_json(counts), indent=1) + "\n").encode())


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args))


if __name__ == "__main__":
    sys.exit(main())
