"""The counts of several configs as a table: the worst step of each, and the largest batch for a GPU."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..tables import TextTable
from .memory import GPU_SIZES, MemoryCount, batch_that_fits, fits_gpu, worst


def memory_table(counts: Mapping[str, Sequence[MemoryCount]], gpus: Sequence[float]) -> TextTable:
    """Build a row a config: its worst step, what that takes in GiB, the smallest GPU, and the largest batches.

    Args:
        counts: of all kinds of steps, by config.
        gpus: GB of the GPUs for which to tell the largest batch that fits.
    """
    rows = [_row(path, of_steps, gpus) for path, of_steps in counts.items()]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return TextTable.of_columns(columns, "GiB of one process, at the worst step")


def memory_as_json(counts: Mapping[str, Sequence[MemoryCount]]) -> dict[str, list[dict[str, Any]]]:
    """All kinds of steps and their counts in bytes, by config."""
    return {path: [_flat(count) for count in of_steps] for path, of_steps in counts.items()}


def _row(path: str, counts: Sequence[MemoryCount], gpus: Sequence[float]) -> dict[str, str]:
    count = worst(counts)
    moment = count.moment
    fitting = [size for size in GPU_SIZES if fits_gpu(count.total, size)]
    row = {
        "config": path,
        "worst step": _step(count),
        "images": _batch(moment.batch_size, moment.accumulative_counts),
        "MiB an image": f"{count.activations / moment.batch_size / 2**20:.1f}",
        "activations": _gib(count.activations),
        "temporaries": _gib(count.temporaries),
        "weights": _gib(count.weights + count.copies),
        "gradients": _gib(count.gradients + count.buckets),
        "optimizer": _gib(count.optimizer),
        "teachers": _gib(count.teachers),
        "total": _gib(count.total),
        "fits": f"{fitting[0]} GB" if fitting else "none",
    }
    for gpu in gpus:
        found = batch_that_fits(counts, gpu)
        row[f"on {gpu:g} GB"] = "none" if found is None else _batch(found.batch_size, found.accumulative_counts)
    return row


def _step(count: MemoryCount) -> str:
    moment = count.moment
    height, width = moment.size
    size = f"{height}" if height == width else f"{height}x{width}"
    hidden = "" if moment.ratio is None else f", {moment.ratio:g} hidden"
    return f"epoch {moment.epoch + 1}, {size} px{hidden}"


def _batch(size: int, accumulation: int) -> str:
    """Images a process, and how many batches make up a step."""
    return f"{size}" if accumulation == 1 else f"{size} x {accumulation}"


def _gib(size: float) -> str:
    return f"{size / 2**30:.2f}"


def _flat(count: MemoryCount) -> dict[str, Any]:
    flat = asdict(count)
    return {**flat.pop("moment"), **flat, "total": count.total}
