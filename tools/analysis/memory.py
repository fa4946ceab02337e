"""What training takes of a GPU's memory: ``python tools/analysis/memory.py CONFIG...``."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from mimseg.arguments import count, number, output_file
from mimseg.command import run_command

if TYPE_CHECKING:
    from mimseg.benchmark import MemoryCount

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
    args = parser.parse_args()
    return args


def measure(args: argparse.Namespace) -> None:
    """Count, print the table, write the file."""
    from rich.console import Console

    from mimseg.apis import load_config  # heavy: after --help
    from mimseg.benchmark import MARGIN, count_memory, markdown_table, terminal_table
    from mimseg.checkpoints import write_atomically

    counts = {
        path: count_memory(path, load_config(path, args.cfg_options), args.batch_size, args.precision, args.processes)
        for path in args.configs
    }
    rows = [row(path, of_steps, args.gpu_memory) for path, of_steps in counts.items()]
    columns = {name: [line[name] for line in rows] for name in rows[0]}
    if args.markdown:
        print("\n".join(markdown_table(columns)))
    else:
        console = Console() if sys.stdout.isatty() else Console(width=220)
        console.print(terminal_table("GiB of one process, at the worst step", columns))
        console.print(NOTE.format(margin=MARGIN), soft_wrap=True)
    if args.json is not None:
        written = {path: [as_json(count) for count in of_steps] for path, of_steps in counts.items()}
        write_atomically(args.json, (json.dumps(written, indent=1) + "\n").encode())


def row(path: str, counts: "list[MemoryCount]", gpus: list[float]) -> dict[str, str]:
    """What the table says of a config."""
    from mimseg.benchmark import GPU_SIZES, batch_that_fits, fits, worst

    count = worst(counts)
    moment = count.moment
    fitting = [size for size in GPU_SIZES if fits(count.total, size)]
    line = {
        "config": path,
        "worst step": describe(count),
        "images": batch(moment.batch_size, moment.accumulative_counts),
        "MiB an image": f"{count.activations / moment.batch_size / 2**20:.1f}",
        "activations": gib(count.activations),
        "temporaries": gib(count.temporaries),
        "weights": gib(count.weights + count.copies),
        "gradients": gib(count.gradients + count.buckets),
        "optimizer": gib(count.optimizer),
        "teachers": gib(count.teachers),
        "total": gib(count.total),
        "fits": f"{fitting[0]} GB" if fitting else "none",
    }
    for gpu in gpus:
        found = batch_that_fits(counts, gpu)
        line[f"on {gpu:g} GB"] = "none" if found is None else batch(found.batch_size, found.accumulative_counts)
    return line


def describe(count: "MemoryCount") -> str:
    """Which step it is."""
    moment = count.moment
    height, width = moment.size
    size = f"{height}" if height == width else f"{height}x{width}"
    hidden = "" if moment.ratio is None else f", {moment.ratio:g} hidden"
    return f"epoch {moment.epoch + 1}, {size} px{hidden}"


def batch(size: int, accumulation: int) -> str:
    """Images a process, and how many batches make up a step."""
    return f"{size}" if accumulation == 1 else f"{size} x {accumulation}"


def gib(size: float) -> str:
    """Bytes in GiB."""
    return f"{size / 2**30:.2f}"


def as_json(count: "MemoryCount") -> dict[str, Any]:
    """A count and its step as JSON holds it."""
    from dataclasses import asdict

    flat = asdict(count)
    moment = flat.pop("moment")
    return {**moment, **flat, "total": count.total}


def main() -> int:
    """Exit code 0; 2 after a user's mistake, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: measure(args))


if __name__ == "__main__":
    sys.exit(main())
